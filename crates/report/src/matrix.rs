//! A table of marks as a picture: SVG 1.1 that reads on light and on dark pages.
//!
//! Why it exists: thirty rows and a dozen columns are seen, not read. A mark is a shape and a colour, never a colour
//! alone; what a mark stands on is said in a word beside it, and in full in its tooltip; every cell is a link.
//!
//! The picture brings a background of its own, and follows the reader's preference for dark colours. Left out on
//! purpose: scripts, web fonts, anything that a viewer of pictures would not draw.

use std::io;

use quick_xml::Writer;
use quick_xml::events::BytesText;

use crate::text::wrap;

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// The headline.
    pub title: String,
    /// What a reader should know, in a few sentences.
    pub description: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, in groups.
    pub groups: Vec<Group>,
    /// What each mark means.
    pub legend: Vec<(Mark, String)>,
    /// What the frame around a promised cell means.
    pub promised: String,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its title.
    pub title: String,
    /// A heading above this column and those that follow, if one begins here.
    pub begins: Option<String>,
}

/// Rows that belong together.
#[derive(Clone, Debug)]
pub struct Group {
    /// What they are.
    pub name: String,
    /// The rows.
    pub lines: Vec<Line>,
}

/// A row.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it is called.
    pub name: String,
    /// Where there is more about it.
    pub link: String,
    /// One for each column.
    pub cells: Vec<Cell>,
}

/// A cell.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The answer.
    pub mark: Mark,
    /// A word or two beside it.
    pub said: String,
    /// True if it is framed.
    pub is_promised: bool,
    /// The tooltip, line by line.
    pub hint: String,
}

/// An answer, as a shape and a colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// A tick.
    Holds,
    /// A circle, half of it full.
    Partly,
    /// A cross.
    Broken,
    /// A question mark.
    Undecided,
    /// A dash.
    NotDefined,
}

impl Mark {
    /// The class that gives it its colours.
    fn class(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Partly => "partly",
            Self::Broken => "broken",
            Self::Undecided => "open",
            Self::NotDefined => "none",
        }
    }

    /// The shape, in a square of 12 with its centre at 0, 0.
    fn path(self) -> &'static str {
        match self {
            Self::Holds => "M-5 0.5 L-1.5 4 L5 -4",
            Self::Partly => "M0 -4.5 A4.5 4.5 0 0 0 0 4.5 Z M0 -4.5 A4.5 4.5 0 0 1 0 4.5",
            Self::Broken => "M-4 -4 L4 4 M4 -4 L-4 4",
            Self::Undecided => "M-2.5 -2.5 A2.6 2.6 0 1 1 0 0.5 L0 2 M0 4.4 L0 4.6",
            Self::NotDefined => "M-3 0 L3 0",
        }
    }
}

/// Pixels.
const MARGIN: usize = 24;
const NAMES: usize = 228;
const COLUMN: usize = 84;
const ROW: usize = 26;
const GROUP: usize = 30;
const LINE: usize = 14;
/// Characters of a column's title that fit beside each other.
const TITLE_CHARACTERS: usize = 11;
/// Characters of the description that fit beside each other.
const WIDEST: usize = 160;

const STYLE: &str = "
.page{fill:#ffffff;stroke:#d0d7de}.ink{fill:#1f2328}.soft{fill:#59636e}.rule{stroke:#d0d7de}
text{font-family:-apple-system,'Segoe UI','Noto Sans','DejaVu Sans',Helvetica,Arial,sans-serif;font-size:12px}
.title{font-size:18px;font-weight:600}.group{font-size:12px;font-weight:600}.said{font-size:10.5px}.head{font-size:11.5px}
.box{stroke-width:1}.shape{fill:none;stroke-width:2.2;stroke-linecap:round;stroke-linejoin:round}
.holds .box,.holds.box{fill:#dafbe1}.holds .shape{stroke:#116329}.holds .said{fill:#116329}
.partly .box,.partly.box{fill:#fff1c2}.partly .shape{stroke:#7d4e00;fill:none;stroke-width:1.6}.partly .half{fill:#7d4e00}.partly .said{fill:#7d4e00}
.broken .box,.broken.box{fill:#ffe2df}.broken .shape{stroke:#a40e26}.broken .said{fill:#a40e26}
.open .box,.open.box{fill:#e6e0ff}.open .shape{stroke:#512a97}.open .said{fill:#512a97}
.none .box,.none.box{fill:#f0f2f4}.none .shape{stroke:#818b98}
.promised{fill:none;stroke:#1f2328;stroke-width:1.4}
a:hover .box{stroke:#0969da}a:focus .box{stroke:#0969da}
@media (prefers-color-scheme:dark){
.page{fill:#0d1117;stroke:#3d444d}.ink{fill:#f0f6fc}.soft{fill:#9198a1}.rule{stroke:#3d444d}
.holds .box,.holds.box{fill:#12361f}.holds .shape{stroke:#56d364}.holds .said{fill:#7ee787}
.partly .box,.partly.box{fill:#3b2e0a}.partly .shape{stroke:#e3b341}.partly .half{fill:#e3b341}.partly .said{fill:#e3b341}
.broken .box,.broken.box{fill:#4a1519}.broken .shape{stroke:#ff9492}.broken .said{fill:#ffb1af}
.open .box,.open.box{fill:#2e2352}.open .shape{stroke:#cba6ff}.open .said{fill:#cba6ff}
.none .box,.none.box{fill:#1c2128}.none .shape{stroke:#656c76}
.promised{stroke:#f0f6fc}}
";

/// Draws the picture. The same matrix gives the same bytes.
pub fn svg(matrix: &Matrix) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 1);
    Drawing { matrix, writer: &mut writer }.whole().expect("memory takes everything");
    let mut text = String::from_utf8(writer.into_inner()).expect("text was written");
    text.push('\n');
    text
}

type Attributes<'a> = &'a [(&'a str, &'a str)];

struct Drawing<'a> {
    matrix: &'a Matrix,
    writer: &'a mut Writer<Vec<u8>>,
}

impl Drawing<'_> {
    fn whole(&mut self) -> io::Result<()> {
        let matrix = self.matrix;
        let titles: Vec<Vec<String>> =
            matrix.columns.iter().map(|column| wrap(&column.title, TITLE_CHARACTERS)).collect();
        let deepest = titles.iter().map(Vec::len).max().unwrap_or(0);
        let description = wrap(&matrix.description, WIDEST);
        let table = MARGIN + 24 + LINE * description.len() + 44;
        let heads = table + 22 + LINE * deepest;
        let rows: usize = matrix.groups.iter().map(|group| GROUP + ROW * group.lines.len()).sum::<usize>();
        let width = 2 * MARGIN + NAMES + COLUMN * matrix.columns.len();
        let height = heads + rows + MARGIN;
        let (w, h) = (width.to_string(), height.to_string());
        let view = format!("0 0 {width} {height}");
        let root: Attributes<'_> = &[
            ("xmlns", "http://www.w3.org/2000/svg"),
            ("width", &w),
            ("height", &h),
            ("viewBox", &view),
            ("role", "graphics-document"),
            ("aria-labelledby", "title desc"),
        ];
        self.element("svg", root, |d| {
            d.text("title", &[("id", "title")], &matrix.title)?;
            d.text("desc", &[("id", "desc")], &matrix.description)?;
            d.text("style", &[], STYLE)?;
            let (pw, ph) = ((width - 1).to_string(), (height - 1).to_string());
            d.empty(
                "rect",
                &[
                    ("class", "page"),
                    ("x", "0.5"),
                    ("y", "0.5"),
                    ("width", &pw),
                    ("height", &ph),
                    ("rx", "8"),
                ],
            )?;
            d.said(MARGIN, MARGIN + 14, "ink title", "start", &matrix.title)?;
            for (nth, line) in description.iter().enumerate() {
                d.said(MARGIN, MARGIN + 34 + LINE * nth, "soft", "start", line)?;
            }
            d.legend(MARGIN + 34 + LINE * description.len() + 12)?;
            d.heads(&titles, table + 10, heads)?;
            d.rows(heads)
        })
    }

    fn legend(&mut self, y: usize) -> io::Result<()> {
        let mut x = MARGIN;
        for (mark, said) in &self.matrix.legend {
            self.element("g", &[("class", mark.class())], |d| {
                d.rect("box", x, y - 11, 20, 16)?;
                d.shape(*mark, x + 10, y - 3)
            })?;
            self.said(x + 26, y + 1, "soft", "start", said)?;
            x += 26 + 7 * said.chars().count() + 18;
        }
        self.rect("promised", x, y - 11, 20, 16)?;
        self.said(x + 26, y + 1, "soft", "start", &self.matrix.promised)
    }

    fn heads(&mut self, titles: &[Vec<String>], top: usize, bottom: usize) -> io::Result<()> {
        for (nth, (column, lines)) in self.matrix.columns.iter().zip(titles).enumerate() {
            let x = MARGIN + NAMES + COLUMN * nth;
            if let Some(heading) = &column.begins {
                self.said(x + 4, top, "ink group", "start", heading)?;
            }
            for (line, said) in lines.iter().enumerate() {
                let y = bottom + 8 - LINE * (lines.len() - line);
                self.said(x + COLUMN / 2, y, "ink head", "middle", said)?;
            }
        }
        Ok(())
    }

    fn rows(&mut self, top: usize) -> io::Result<()> {
        let mut y = top;
        let matrix = self.matrix;
        let right = MARGIN + NAMES + COLUMN * matrix.columns.len();
        for group in &matrix.groups {
            let (line, x1, x2) = ((y + 8).to_string(), MARGIN.to_string(), right.to_string());
            self.empty("line", &[("class", "rule"), ("x1", &x1), ("x2", &x2), ("y1", &line), ("y2", &line)])?;
            self.said(MARGIN, y + 24, "soft group", "start", &group.name)?;
            y += GROUP;
            for row in &group.lines {
                self.row(row, y)?;
                y += ROW;
            }
        }
        Ok(())
    }

    fn row(&mut self, row: &Line, y: usize) -> io::Result<()> {
        self.element("a", &[("href", &row.link)], |d| d.said(MARGIN + 8, y + 17, "ink", "start", &row.name))?;
        for (nth, cell) in row.cells.iter().enumerate() {
            let x = MARGIN + NAMES + COLUMN * nth;
            self.element("a", &[("href", &row.link), ("class", cell.mark.class())], |d| {
                d.text("title", &[], &cell.hint)?;
                d.rect("box", x + 2, y + 2, COLUMN - 4, ROW - 4)?;
                if cell.is_promised {
                    d.rect("promised", x + 3, y + 3, COLUMN - 6, ROW - 6)?;
                }
                if cell.said.is_empty() {
                    return d.shape(cell.mark, x + COLUMN / 2, y + ROW / 2);
                }
                d.shape(cell.mark, x + 14, y + ROW / 2)?;
                d.said(x + 25, y + 17, "said", "start", &cell.said)
            })?;
        }
        Ok(())
    }

    fn shape(&mut self, mark: Mark, x: usize, y: usize) -> io::Result<()> {
        let place = format!("translate({x} {y})");
        if mark == Mark::Partly {
            self.empty(
                "path",
                &[("class", "half"), ("transform", &place), ("d", "M0 -4.5 A4.5 4.5 0 0 0 0 4.5 Z")],
            )?;
        }
        self.empty("path", &[("class", "shape"), ("transform", &place), ("d", mark.path())])
    }

    fn rect(&mut self, class: &str, x: usize, y: usize, width: usize, height: usize) -> io::Result<()> {
        let [x, y, width, height] = [x, y, width, height].map(|number| number.to_string());
        let place: Attributes<'_> =
            &[("class", class), ("x", &x), ("y", &y), ("width", &width), ("height", &height), ("rx", "4")];
        self.empty("rect", place)
    }

    fn said(&mut self, x: usize, y: usize, class: &str, anchor: &str, said: &str) -> io::Result<()> {
        let (x, y) = (x.to_string(), y.to_string());
        self.text("text", &[("class", class), ("x", &x), ("y", &y), ("text-anchor", anchor)], said)
    }

    fn text(&mut self, name: &str, attributes: Attributes<'_>, said: &str) -> io::Result<()> {
        let element = self.writer.create_element(name).with_attributes(attributes.iter().copied());
        element.write_text_content(BytesText::new(said))?;
        Ok(())
    }

    fn empty(&mut self, name: &str, attributes: Attributes<'_>) -> io::Result<()> {
        self.writer.create_element(name).with_attributes(attributes.iter().copied()).write_empty()?;
        Ok(())
    }

    fn element(
        &mut self,
        name: &str,
        attributes: Attributes<'_>,
        inside: impl FnOnce(&mut Drawing<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let matrix = self.matrix;
        let element = self.writer.create_element(name).with_attributes(attributes.iter().copied());
        element.write_inner_content(|writer| inside(&mut Drawing { matrix, writer }))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quick_xml::Reader;
    use quick_xml::events::Event;

    fn matrix() -> Matrix {
        let cell = |mark, said: &str| Cell {
            mark,
            said: said.to_owned(),
            is_promised: mark == Mark::Holds,
            hint: "a < b & \"c\"\nanachron run".to_owned(),
        };
        let cells = vec![cell(Mark::Holds, "60 runs"), cell(Mark::Partly, "<2>"), cell(Mark::NotDefined, "")];
        Matrix {
            title: "Which & what".to_owned(),
            description: "In a few words.".to_owned(),
            columns: ["one", "two words", "three"]
                .map(|title| Column { title: title.to_owned(), begins: None })
                .to_vec(),
            groups: vec![Group {
                name: "family".to_owned(),
                lines: vec![Line { name: "mode".to_owned(), link: "page.md#mode".to_owned(), cells }],
            }],
            legend: vec![(Mark::Broken, "broken".to_owned()), (Mark::Undecided, "open".to_owned())],
            promised: "promised".to_owned(),
        }
    }

    #[test]
    fn it_is_xml_and_every_cell_is_a_link_with_a_tooltip() {
        let text = svg(&matrix());
        let mut reader = Reader::from_str(&text);
        let (mut links, mut titles) = (0, 0);
        loop {
            match reader.read_event().unwrap_or_else(|error| panic!("{error}: {text}")) {
                Event::Start(start) if start.name().as_ref() == "a" => links += 1,
                Event::Start(start) if start.name().as_ref() == "title" => titles += 1,
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!((links, titles), (1 + 3, 1 + 3));
        assert!(text.contains("a &lt; b &amp;") && text.contains("&lt;2&gt;"), "{text}");
    }
}
