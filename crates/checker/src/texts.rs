//! Keys with appends, and lists, as registers: where what was seen tells who appended what to which text.
//!
//! Why it exists: n appends at once make n! texts, and a search that tries them is lost at a concurrency of ten. But
//! almost all of these texts are never seen, and of one that is seen it is mostly plain how it came about: it ends with
//! what was appended last, what stands before that is a text that was there, and so on back to a text that was written, or
//! the initial one (the argument by which Elle recovers versions from lists: Kingsbury and Alvaro 2020, section 4.2).
//!
//! A *place* is a value that may be the object's for a while. A place is *needed* if an operation that is ok saw or swapped
//! it, or if the only way to a needed place is an append to it. If each needed place is left by one append at most and then
//! by nobody else, the object is a register whose values are the places:
//! - an append that leaves a needed place is a swap of the place before it for the place after it. It happened, and nowhere
//!   else: no other operation leaves what somebody saw.
//! - any other append is a write of a value of its own. What it leaves is not needed, nor is what later appends make
//!   of it: who comes to a needed place by an append comes from a needed place. So nobody sees anything before the next
//!   write, as after a write of a value that nobody reads.
//!
//! An order of the register's operations is thus one of the object's, and the other way round. `zones` and `chains` decide
//! such registers in O(n log n), and the search is quick where they do not lead on. The work here is linear in the
//! length of all texts that were seen or written, times the number of different lengths of what was appended.
//!
//! Left out on purpose: objects that can't be read so. Where a needed place may come about in two ways, where a
//! compare-and-set that did not swap asks for a text that appends can make, where a value refuses appends or nothing is
//! appended, the texts themselves are searched.

use std::collections::BTreeMap;

use crate::instance::Timed;
use crate::machine::{Class, Machine as _, RegisterMachine, TextClass, TextMachine};
use crate::table::{IndexTable, Interner, count, mix};

/// More lengths of appended texts than this are not tried at each place.
const LENGTHS: usize = 64;
/// Bytes that may be looked at for each byte of the texts that were seen or written, before this road is given up.
const EFFORT: usize = 64;

/// Position that stands for nobody.
const NOBODY: usize = usize::MAX;

/// Null, to which a text can be appended as to the empty one.
const NULL: u32 = 0;
/// The empty text.
const EMPTY: u32 = 1;

/// The register that a key or a list is.
pub(crate) struct AsRegister {
    pub(crate) machine: RegisterMachine,
    /// One for each operation of the object, in the same order.
    pub(crate) operations: Vec<Timed>,
    /// An operation without which it could not be told who appended what.
    premise: Option<usize>,
    /// By operation: who shows to which text it was appended. An append by itself tells nothing.
    shown_by: Vec<Option<usize>>,
}

impl AsRegister {
    /// What has no order in the register, with all that it takes to have none in the object.
    pub(crate) fn with_premises(&self, clash: &[usize]) -> Vec<usize> {
        let shown_by = clash.iter().filter_map(|&index| self.shown_by[index]);
        let mut all: Vec<usize> = clash.iter().copied().chain(shown_by).chain(self.premise).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// The object as a register, or a few operations, by index, that have no order. `None` where it can't be read so.
pub(crate) fn as_register(
    machine: &TextMachine,
    operations: &[Timed],
) -> Option<Result<AsRegister, Vec<usize>>> {
    let mut reader = Reader::new(machine, operations)?;
    reader.find_places()?;
    reader.find_feasible();
    Some(match reader.attribute()? {
        Ok(()) => Ok(reader.register()),
        Err(clash) => Err(clash),
    })
}

/// One way to a place: an append of this class to what was there before.
#[derive(Clone, Copy, Debug)]
struct Way {
    class: u32,
    before: u32,
}

/// A value that the object may have had.
#[derive(Clone, Debug, Default)]
struct Place<'m> {
    /// `None` for what is no text.
    text: Option<&'m str>,
    /// How many operations write it or swap something for it, and the earliest call of one.
    writers: u32,
    first_written: i64,
    ways: Vec<Way>,
    is_feasible: bool,
    /// Who shows that it is needed; [`NOBODY`] if it isn't.
    needed_by: usize,
}

/// The appends of one text.
#[derive(Clone, Copy, Debug)]
struct Appends {
    operation: usize,
    number: u32,
}

struct Reader<'m> {
    machine: &'m TextMachine,
    operations: &'m [Timed],
    /// By class.
    appends: Vec<Appends>,
    /// What is appended, and the class of such appends.
    suffixes: Interner<&'m str>,
    suffix_classes: Vec<u32>,
    lengths: Vec<usize>,
    places: Vec<Place<'m>>,
    table: IndexTable,
    /// By state of the text machine.
    place_of: Vec<Option<u32>>,
    initial: u32,
    /// The certain change that returned first: from then on nothing is as it was at first.
    first_change: usize,
    /// That change was needed to tell who appended what.
    leans_on_first_change: bool,
    /// By operation: what an append was appended to, and what came of it.
    attributed: Vec<Option<(u32, u32)>>,
    texts_length: usize,
    work: usize,
}

impl<'m> Reader<'m> {
    fn new(machine: &'m TextMachine, operations: &'m [Timed]) -> Option<Self> {
        if machine.refuses_appends() {
            return None;
        }
        let mut appends = vec![Appends { operation: NOBODY, number: 0 }; machine.classes().len()];
        let (mut suffixes, mut suffix_classes) = (Interner::default(), Vec::new());
        for (class, number) in machine.classes().iter().zip(0..) {
            if let TextClass::Appended(suffix) = class {
                suffixes.number(&**suffix);
                suffix_classes.push(number);
            }
        }
        let mut first_change = NOBODY;
        for (index, operation) in operations.iter().enumerate() {
            let class = &machine.classes()[operation.class as usize];
            if let TextClass::Appended(suffix) = class {
                if suffix.is_empty() {
                    return None;
                }
                let of_class = &mut appends[operation.class as usize];
                *of_class = Appends { operation: index, number: of_class.number + 1 };
            }
            let changes = !matches!(class, TextClass::Saw(_) | TextClass::SawOther(_));
            if let Some(returned) = operation.returned
                && changes
                && (first_change == NOBODY || Some(returned) < operations[first_change].returned)
            {
                first_change = index;
            }
        }
        let mut lengths: Vec<usize> =
            (0..count(suffixes.len())).map(|number| suffixes.get(number).len()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        (lengths.len() <= LENGTHS).then(|| Self {
            machine,
            operations,
            appends,
            suffixes,
            suffix_classes,
            lengths,
            places: Vec::new(),
            table: IndexTable::default(),
            place_of: Vec::new(),
            initial: NULL,
            first_change,
            leans_on_first_change: false,
            attributed: vec![None; operations.len()],
            texts_length: 0,
            work: 0,
        })
    }

    fn class(&self, index: usize) -> &'m TextClass {
        &self.machine.classes()[self.operations[index].class as usize]
    }

    /// Finds every place that something seen or written may have come from.
    fn find_places(&mut self) -> Option<()> {
        for text in [None, Some("")] {
            self.places.push(Place { text, first_written: i64::MAX, needed_by: NOBODY, ..Place::default() });
        }
        self.initial = self.place(self.machine.initial())?;
        for (index, operation) in self.operations.iter().enumerate() {
            let written = match *self.class(index) {
                TextClass::Saw(value) | TextClass::SawOther(value) => {
                    self.place(value)?;
                    continue;
                }
                TextClass::Wrote(value) => value,
                TextClass::Swapped(expected, value) => {
                    self.place(expected)?;
                    value
                }
                TextClass::Appended(_) => continue,
            };
            let written = self.place(written)?;
            let place = &mut self.places[written as usize];
            place.writers += 1;
            place.first_written = place.first_written.min(operation.call);
        }
        Some(())
    }

    /// The place of a state.
    fn place(&mut self, state: u32) -> Option<u32> {
        if state as usize >= self.place_of.len() {
            self.place_of.resize(state as usize + 1, None);
        }
        if let Some(known) = self.place_of[state as usize] {
            return Some(known);
        }
        let place = match self.machine.text_of(state) {
            Some("") => EMPTY,
            Some(text) => self.place_of_text(text)?,
            None if self.machine.is_null(state) => NULL,
            None => self.new_place(None),
        };
        self.place_of[state as usize] = Some(place);
        Some(place)
    }

    fn known_place(&self, state: u32) -> u32 {
        self.place_of[state as usize].expect("every place was found")
    }

    fn new_place(&mut self, text: Option<&'m str>) -> u32 {
        let number = count(self.places.len());
        self.places.push(Place { text, first_written: i64::MAX, needed_by: NOBODY, ..Place::default() });
        number
    }

    /// The place of a text, and those before it. `None` if it takes too long to find them.
    fn place_of_text(&mut self, text: &'m str) -> Option<u32> {
        self.texts_length += text.len();
        self.work += text.len();
        let mut hashes = Vec::with_capacity(text.len() + 1);
        hashes.push(0);
        for byte in text.bytes() {
            hashes.push(mix(hashes[hashes.len() - 1], u64::from(byte) + 1));
        }
        // The places of this text's beginnings, by length, and the ways to them.
        let mut here: BTreeMap<usize, u32> = BTreeMap::new();
        let mut ways: Vec<(u32, u32, usize)> = Vec::new();
        let mut to_do = vec![text.len()];
        while let Some(length) = to_do.pop() {
            if here.contains_key(&length) {
                continue;
            }
            let beginning = &text[..length];
            let (places, work) = (&self.places, &mut self.work);
            let (place, known) = self.table.find_or_insert(hashes[length], count(places.len()), |place| {
                *work += length;
                places[place as usize].text == Some(beginning)
            });
            here.insert(length, place);
            if known {
                continue;
            }
            self.new_place(Some(beginning));
            for &suffix in &self.lengths {
                let Some(cut) = length.checked_sub(suffix).filter(|&cut| text.is_char_boundary(cut)) else {
                    continue;
                };
                self.work += suffix;
                if let Some(suffix) = self.suffixes.find(&&beginning[cut..]) {
                    ways.push((place, self.suffix_classes[suffix as usize], cut));
                    if cut > 0 {
                        to_do.push(cut);
                    }
                }
            }
            if self.work / EFFORT > self.texts_length + self.operations.len() {
                return None;
            }
        }
        for (place, class, cut) in ways {
            let ways = &mut self.places[place as usize].ways;
            match here.get(&cut) {
                Some(&before) => ways.push(Way { class, before }),
                None => ways.extend([NULL, EMPTY].map(|before| Way { class, before })),
            }
        }
        Some(here[&text.len()])
    }

    /// Tells which places can be come to at all, and drops the ways from those that can't.
    fn find_feasible(&mut self) {
        let mut by_length: Vec<u32> = (0..count(self.places.len())).collect();
        by_length.sort_by_key(|&place| self.places[place as usize].text.map_or(0, str::len));
        for number in by_length {
            let mut ways = std::mem::take(&mut self.places[number as usize].ways);
            ways.retain(|way| self.is_feasible(*way));
            let place = &mut self.places[number as usize];
            place.is_feasible = place.writers > 0 || number == self.initial || !ways.is_empty();
            place.ways = ways;
        }
    }

    fn is_feasible(&mut self, way: Way) -> bool {
        let before = &self.places[way.before as usize];
        if !before.is_feasible {
            return false;
        }
        let Appends { operation, number } = self.appends[way.class as usize];
        if way.before > EMPTY || number > 1 {
            return true;
        }
        // Both null and the empty text may stand before what is appended first: mostly time tells which.
        let append = &self.operations[operation];
        if append.returned.is_none_or(|returned| before.first_written <= returned) && before.writers > 0 {
            return true;
        }
        let is_too_late =
            self.first_change != NOBODY && self.operations[self.first_change].returned < Some(append.call);
        let is_initial = way.before == self.initial;
        self.leans_on_first_change |= is_initial && is_too_late;
        is_initial && !is_too_late
    }

    /// Finds out which append leaves which needed place.
    fn attribute(&mut self) -> Option<Result<(), Vec<usize>>> {
        let mut needed: Vec<(u32, usize)> = Vec::new();
        let mut asked: Vec<u32> = Vec::new();
        for (index, operation) in self.operations.iter().enumerate() {
            match *self.class(index) {
                TextClass::Saw(value) | TextClass::Swapped(value, _) if operation.returned.is_some() => {
                    needed.push((self.known_place(value), index));
                }
                TextClass::SawOther(value) | TextClass::Swapped(value, _) => {
                    asked.push(self.known_place(value));
                }
                _ => {}
            }
        }
        while let Some((number, by)) = needed.pop() {
            let place = &mut self.places[number as usize];
            if place.needed_by != NOBODY {
                continue;
            }
            place.needed_by = by;
            let Some(way) = place.ways.first().copied() else { continue };
            let appends = self.appends[way.class as usize];
            let is_plain =
                place.ways.len() == 1 && appends.number == 1 && place.writers == 0 && number != self.initial;
            if !is_plain {
                return None;
            }
            if let Some((_, elsewhere)) = self.attributed[appends.operation] {
                let mut clash = vec![appends.operation, by, self.places[elsewhere as usize].needed_by];
                clash.extend(self.premise());
                clash.sort_unstable();
                clash.dedup();
                return Some(Err(clash));
            }
            self.attributed[appends.operation] = Some((way.before, number));
            needed.push((way.before, by));
        }
        let is_plain = |&number: &u32| {
            let place = &self.places[number as usize];
            place.needed_by != NOBODY || place.ways.is_empty()
        };
        asked.iter().all(is_plain).then_some(Ok(()))
    }

    fn premise(&self) -> Option<usize> {
        Some(self.first_change).filter(|_| self.leans_on_first_change)
    }

    fn register(self) -> AsRegister {
        let mut classes: Interner<Class> = Interner::default();
        let mut next_unseen = count(self.places.len());
        let place = |value: u32| self.known_place(value);
        let operations = self.operations.iter().enumerate().map(|(index, operation)| {
            let class = match *self.class(index) {
                TextClass::Saw(value) => Class::Saw(place(value)),
                TextClass::SawOther(value) => Class::SawOther(place(value)),
                TextClass::Wrote(value) => Class::Wrote(place(value)),
                TextClass::Swapped(expected, new) => Class::Swapped(place(expected), place(new)),
                TextClass::Appended(_) => self.attributed[index].map_or_else(
                    || {
                        next_unseen += 1;
                        Class::Wrote(next_unseen - 1)
                    },
                    |(before, after)| Class::Swapped(before, after),
                ),
            };
            Timed { class: classes.number(class), ..*operation }
        });
        let operations = operations.collect();
        let shown_by = |after: u32| self.places[after as usize].needed_by;
        AsRegister {
            machine: RegisterMachine::new(self.initial, classes),
            operations,
            premise: self.premise(),
            shown_by: self.attributed.iter().map(|append| append.map(|(_, after)| shown_by(after))).collect(),
        }
    }
}
