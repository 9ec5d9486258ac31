//! The tree to typed values: a `serde::Deserializer` that knows where it is.
//!
//! Stricter than `serde_json`: an object is never given as a list of its values, `null` never stands for a missing
//! field, and a word from a closed list is a string. An error keeps the innermost place at which it arose.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, EnumAccess, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};

use super::{Kind, Member, Node, shortened};
use crate::nearest::{listed, suggestion};
use crate::path::{Path, Segment};

/// Decodes a value of type `T`.
pub(crate) fn decode<T: DeserializeOwned>(node: &Node) -> Result<T, DecodeError> {
    T::deserialize(node)
}

/// Why a tree is not a value of the type, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DecodeError {
    message: String,
    /// True while "found …" is still to be added; the innermost node knows it.
    wants_found: bool,
    offset: Option<usize>,
    innermost_first: Vec<Segment>,
    /// The fields of the object that has an unknown one; for the test that holds the published schema to the types.
    pub(crate) allowed_fields: Option<&'static [&'static str]>,
}

impl DecodeError {
    fn new(message: String) -> Self {
        Self { message, wants_found: false, offset: None, innermost_first: Vec::new(), allowed_fields: None }
    }

    fn wrong(expected: &dyn Expected) -> Self {
        let expected = match expected.to_string().as_str() {
            "a boolean" => "true or false".to_owned(),
            "u8" | "u16" => "a whole number from 0 to 65535".to_owned(),
            "u32" => format!("a whole number from 0 to {}", u32::MAX),
            "u64" | "usize" => format!("a whole number from 0 to {}", u64::MAX),
            "i32" => format!("a whole number from {} to {}", i32::MIN, i32::MAX),
            "i64" => "a whole number of at most 64 bits".to_owned(),
            "a sequence" => "a list".to_owned(),
            "a map" => "an object".to_owned(),
            other => other.to_owned(),
        };
        Self { wants_found: true, ..Self::new(format!("expected {expected}")) }
    }

    /// Settles the place, unless a value further inside has done so.
    fn at(mut self, node: &Node) -> Self {
        if self.offset.is_none() {
            self.offset = Some(node.start);
        }
        if self.wants_found {
            self.wants_found = false;
            self.message = format!("{}, found {}", self.message, node.describe());
        }
        self
    }

    fn inside(mut self, segment: Segment) -> Self {
        self.innermost_first.push(segment);
        self
    }

    /// The byte offset, the path and the message.
    pub(crate) fn into_parts(self) -> (usize, Path, String) {
        (self.offset.unwrap_or(0), Path::from_innermost(self.innermost_first), self.message)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::wrong(expected)
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::wrong(expected)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let near = suggestion(field, expected.iter().copied());
        let allowed = listed(expected.iter().copied());
        let separator = if near.is_empty() { "; the" } else { " The" };
        let message =
            format!("unknown field `{}`{near}{separator} fields here are {allowed}", shortened(field));
        Self { allowed_fields: Some(expected), ..Self::new(message) }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let near = suggestion(variant, expected.iter().copied());
        let allowed = listed(expected.iter().copied());
        Self::new(format!("expected {allowed}, found `{}`{near}", shortened(variant)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("the field `{field}` is missing"))
    }
}

impl<'de> de::Deserializer<'de> for &Node {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let result = match &self.kind {
            Kind::Null => visitor.visit_unit(),
            Kind::Boolean(value) => visitor.visit_bool(*value),
            Kind::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(number), _) => visitor.visit_i64(number),
                (None, Some(number)) => visitor.visit_u64(number),
                (None, None) => visitor.visit_f64(number.as_f64().expect("a number of JSON")),
            },
            Kind::String(text) => visitor.visit_str(text),
            Kind::Array(items) => visitor.visit_seq(Items { items, next: 0 }),
            Kind::Object(members) => visitor.visit_map(Members { members, next: 0 }),
        };
        result.map_err(|error| error.at(self))
    }

    /// A field that is there has a value: `null` is handed on, and refused unless the type wants it.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        if matches!(self.kind, Kind::Object(_)) {
            return self.deserialize_any(visitor);
        }
        let fields = listed(fields.iter().copied());
        let message = format!("expected an object with fields such as {fields}, found {}", self.describe());
        Err(DecodeError::new(message).at(self))
    }

    /// An object and nothing else; `serde_json::Map` would take `null` for an empty one.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if matches!(self.kind, Kind::Object(_)) {
            return self.deserialize_any(visitor);
        }
        Err(DecodeError::wrong(&"an object").at(self))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let Kind::String(word) = &self.kind else {
            let variants = listed(variants.iter().copied());
            let message = format!("expected {variants}, found {}", self.describe());
            return Err(DecodeError::new(message).at(self));
        };
        visitor.visit_enum(Word(word)).map_err(|error| error.at(self))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct identifier ignored_any
    }
}

/// A list, item by item.
struct Items<'a> {
    items: &'a [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        let index = self.next;
        let Some(item) = self.items.get(index) else { return Ok(None) };
        self.next += 1;
        seed.deserialize(item).map(Some).map_err(|error| error.at(item).inside(Segment::Index(index)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len() - self.next)
    }
}

/// An object, field by field. Invariant: `next_value` follows each `next_key` that gave one.
struct Members<'a> {
    members: &'a [Member],
    next: usize,
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        let Some(member) = self.members.get(self.next) else { return Ok(None) };
        self.next += 1;
        let key = Node { start: member.key_start, kind: Kind::String(member.key.clone()) };
        seed.deserialize(&key)
            .map(Some)
            .map_err(|error| error.at(&key).inside(Segment::Field(member.key.clone())))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        let member = &self.members[self.next - 1];
        seed.deserialize(&member.value)
            .map_err(|error| error.at(&member.value).inside(Segment::Field(member.key.clone())))
    }
}

/// A word from a closed list.
struct Word<'a>(&'a str);

impl<'a, 'de> EnumAccess<'de> for Word<'a> {
    type Error = DecodeError;
    type Variant = NoContent;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, NoContent), DecodeError> {
        let word: StrDeserializer<'a, DecodeError> = self.0.into_deserializer();
        Ok((seed.deserialize(word)?, NoContent))
    }
}

/// A word has nothing inside it.
struct NoContent;

impl<'de> VariantAccess<'de> for NoContent {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, DecodeError> {
        Err(DecodeError::new("expected an object, found a single word".into()))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, DecodeError> {
        Err(DecodeError::new("expected a list, found a single word".into()))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, DecodeError> {
        Err(DecodeError::new("expected an object, found a single word".into()))
    }
}
