//! Kubernetes' protobuf, decoded into JSON: kubectl sends it for `create` and access reviews and takes no other answer than success.
//!
//! Invariant: decoding needs only the table of shapes; a message without a shape, or a torn one, is an error, never a guess.

use crate::sim::schema::{self, Field, Shape, Type};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

/// What every such body begins with.
const MAGIC: &[u8] = b"k8s\0";

/// One field on the wire.
enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Decodes the envelope and the object in it.
pub fn decode(body: &[u8]) -> Result<Value, String> {
    let envelope = body.strip_prefix(MAGIC).ok_or("not a Kubernetes protobuf message")?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    each_field(envelope, |number, wire| {
        match (number, wire) {
            (1, Wire::Bytes(meta)) => each_field(meta, |number, wire| {
                match (number, wire) {
                    (1, Wire::Bytes(text)) => api_version = text_of(text)?,
                    (2, Wire::Bytes(text)) => kind = text_of(text)?,
                    _ => {}
                }
                Ok(())
            })?,
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
        Ok(())
    })?;
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let message = schema::root(group, version, &kind).ok_or_else(|| format!("no shape for {api_version} {kind}"))?;
    let mut object = Map::new();
    object.insert("apiVersion".into(), json!(api_version));
    object.insert("kind".into(), json!(kind));
    fields(message, raw, &mut object)?;
    Ok(Value::Object(object))
}

fn each_field<'a>(mut bytes: &'a [u8], mut run: impl FnMut(u64, Wire<'a>) -> Result<(), String>) -> Result<(), String> {
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let wire = match tag & 7 {
            0 => Wire::Number(varint(&mut bytes)?),
            1 => Wire::Number(u64::from_le_bytes(*take(&mut bytes, 8)?.first_chunk().ok_or("torn")?)),
            5 => Wire::Number(u32::from_le_bytes(*take(&mut bytes, 4)?.first_chunk().ok_or("torn")?).into()),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).map_err(|_| "too long")?;
                Wire::Bytes(take(&mut bytes, length)?)
            }
            other => return Err(format!("unknown wire type {other}")),
        };
        run(tag >> 3, wire)?;
    }
    Ok(())
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8], String> {
    let (head, tail) = bytes.split_at_checked(count).ok_or("the message ends early")?;
    *bytes = tail;
    Ok(head)
}

fn varint(bytes: &mut &[u8]) -> Result<u64, String> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("a number is too long".to_owned())
}

fn text_of(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "text is not UTF-8".to_owned())
}

/// Adds a message's fields to `object`.
fn fields(message: &str, bytes: &[u8], object: &mut Map<String, Value>) -> Result<(), String> {
    let known = schema::message(message).ok_or_else(|| format!("no shape for {message}"))?;
    each_field(bytes, |number, wire| {
        let Some(field) = known.iter().find(|f| u64::from(f.number) == number && number > 0) else { return Ok(()) };
        if field.name.is_empty() {
            return match (field.of, wire) {
                (Type::Message(inner), Wire::Bytes(bytes)) => fields(inner, bytes, object),
                _ => Ok(()),
            };
        }
        match field.shape {
            Shape::One => {
                let value = one(field.of, &wire)?;
                if field.pointer || !is_zero(&value) {
                    object.insert(field.name.to_owned(), value);
                }
            }
            Shape::List => {
                let list = object.entry(field.name).or_insert_with(|| json!([]));
                if let Some(list) = list.as_array_mut() {
                    list.push(one(field.of, &wire)?);
                }
            }
            Shape::Map => {
                let (key, value) = entry(field, &wire)?;
                let map = object.entry(field.name).or_insert_with(|| json!({}));
                if let Some(map) = map.as_object_mut() {
                    map.insert(key, value);
                }
            }
        }
        Ok(())
    })
}

fn entry(field: &Field, wire: &Wire) -> Result<(String, Value), String> {
    let Wire::Bytes(bytes) = wire else { return Err("a map's entry is not a message".to_owned()) };
    let (mut key, mut value) = (String::new(), Value::Null);
    each_field(bytes, |number, wire| {
        match (number, wire) {
            (1, Wire::Bytes(text)) => key = text_of(text)?,
            (2, wire) => value = one(field.of, &wire)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok((key, if value.is_null() { json!("") } else { value }))
}

/// Whether the encoder wrote it only because it always writes.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(yes) => !yes,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

fn one(of: Type, wire: &Wire) -> Result<Value, String> {
    match (of, wire) {
        (Type::Integer, Wire::Number(n)) => Ok(json!(n.cast_signed())),
        (Type::Bool, Wire::Number(n)) => Ok(json!(*n != 0)),
        (Type::Number, Wire::Number(n)) => Ok(json!(f64::from_bits(*n))),
        (Type::Text, Wire::Bytes(bytes)) => text_of(bytes).map(Value::String),
        (Type::Bytes, Wire::Bytes(bytes)) => Ok(json!(BASE64_STANDARD.encode(bytes))),
        (Type::Message(name), Wire::Bytes(bytes)) => {
            let mut object = Map::new();
            fields(name, bytes, &mut object)?;
            Ok(Value::Object(object))
        }
        (_, Wire::Bytes(bytes)) => special(of, bytes),
        _ => Err("a field has the wrong wire type".to_owned()),
    }
}

/// The shapes whose JSON is not that of a message.
fn special(of: Type, bytes: &[u8]) -> Result<Value, String> {
    let (mut numbers, mut texts) = ([0_i64; 4], [const { None }; 4]);
    each_field(bytes, |number, wire| {
        let slot = usize::try_from(number).unwrap_or(usize::MAX);
        match wire {
            Wire::Number(n) => numbers.get_mut(slot).map(|s| *s = n.cast_signed()),
            Wire::Bytes(bytes) => texts.get_mut(slot).map(|s| *s = Some(bytes)),
        };
        Ok(())
    })?;
    let text = |slot: usize| texts[slot].map(text_of).transpose().map(Option::unwrap_or_default);
    match of {
        Type::Quantity => text(1).map(Value::String),
        Type::IntOrString if numbers[1] == 1 => text(3).map(Value::String),
        Type::IntOrString => Ok(json!(numbers[2])),
        Type::Time(_) if bytes.is_empty() => Ok(Value::Null),
        Type::Time(micro) => {
            let nanos = i32::try_from(numbers[2]).unwrap_or(0);
            let at = jiff::Timestamp::new(numbers[1], nanos).map_err(|e| e.to_string())?;
            let form = if micro { "%Y-%m-%dT%H:%M:%S.%6fZ" } else { "%Y-%m-%dT%H:%M:%SZ" };
            Ok(json!(at.strftime(form).to_string()))
        }
        Type::Duration => Ok(json!(format!("{}s", numbers[1] / 1_000_000_000))),
        Type::Raw => texts[1].map_or(Ok(Value::Null), |raw| serde_json::from_slice(raw).map_err(|e| e.to_string())),
        _ => Err("a field has the wrong wire type".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A length-delimited field.
    fn nested(number: u8, bytes: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
    }

    fn envelope(version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let meta = [nested(1, version.as_bytes()), nested(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), nested(1, &meta), nested(2, raw)].concat()
    }

    #[test]
    fn a_scale_to_zero_keeps_its_zero_only_where_it_is_set() {
        let metadata = nested(1, &[nested(1, b"web"), nested(3, b"")].concat());
        let strategy_less = nested(2, &[1 << 3, 0]);
        let object = decode(&envelope("apps/v1", "Deployment", &[metadata, strategy_less].concat())).unwrap();
        assert_eq!(object["metadata"], json!({ "name": "web" }));
        assert_eq!(object["spec"], json!({ "replicas": 0 }));
    }

    #[test]
    fn maps_bytes_and_inline_fields_are_decoded() {
        let data = nested(2, &[nested(1, b"key"), nested(2, b"value")].concat());
        let object = decode(&envelope("v1", "Secret", &data)).unwrap();
        assert_eq!(object["data"], json!({ "key": "dmFsdWU=" }));
    }

    #[test]
    fn torn_messages_are_errors() {
        let whole = envelope("v1", "Namespace", &nested(1, &nested(1, b"shop")));
        assert!(decode(&whole).is_ok());
        for end in 5..whole.len() {
            assert!(decode(&whole[..end]).is_err() || decode(&whole[..end]).unwrap()["metadata"].is_null(), "{end}");
        }
    }
}
