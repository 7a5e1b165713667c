//! `--set KEY=VALUE`: keys of the project file, from the command line.

use toml::{Table, Value};

use crate::error::{Error, Result};

/// A key of the project file, and what it is set to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setting {
    /// As it was written.
    pub(super) key: String,
    path: Vec<String>,
    value: Value,
}

impl Setting {
    /// Reads `KEY=VALUE`: the key as TOML writes it, with the place of a table in a list as a number; the value as TOML
    /// writes it, or else a text.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if it is not of this form.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let refused = |problem: &str| Error::option("set", format!("'{text}' {problem}"));
        let Some((key, value)) = split(text) else {
            return Err(refused("has no '='; write KEY=VALUE, such as snapshot.horizon=60d"));
        };
        let mut path = path_of(key).ok_or_else(|| refused("does not start with a key; write SECTION.KEY=VALUE"))?;
        // Sections may be called as commands are, with hyphens.
        if let Some(section) = path.first_mut().filter(|section| section.contains('-')) {
            *section = section.replace('-', "_");
        }
        Ok(Self { key: key.to_owned(), path, value: value_of(value) })
    }

    /// The section that the key is in, if it is in one, and the option that it sets.
    pub(super) fn names(&self) -> (Option<&str>, &str) {
        let is_place = |part: &&String| part.parse::<usize>().is_err();
        let option = self.path.iter().rev().find(is_place).map_or("", String::as_str);
        (self.path.first().filter(|_| self.path.len() > 1).map(String::as_str), option)
    }

    /// Puts the value in its place.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if an index is out of range.
    pub(super) fn apply(&self, file: &mut Table) -> Result<()> {
        let mut whole = Value::Table(std::mem::take(file));
        let put = put(&mut whole, &self.path, &self.value);
        if let Value::Table(table) = whole {
            *file = table;
        }
        put.map_err(|problem| Error::option("set", format!("'{}': {problem}", self.key)))
    }
}

/// Key and value: the first equals sign outside quotes is between them.
fn split(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (place, sign) in text.char_indices() {
        match (quote, sign) {
            (None, '=') => return Some((text.get(..place)?.trim(), text.get(place + 1..)?.trim())),
            (None, '"' | '\'') => quote = Some(sign),
            (Some(open), sign) if open == sign => quote = None,
            _ => {}
        }
    }
    None
}

/// The parts of a key with dots, which may be in quotes.
fn path_of(key: &str) -> Option<Vec<String>> {
    let mut rest = Value::Table(toml::from_str(&format!("{key} = 0")).ok()?);
    let mut path = Vec::new();
    while let Value::Table(table) = rest {
        let (part, inner) = table.into_iter().next()?;
        path.push(part);
        rest = inner;
    }
    Some(path)
}

fn value_of(text: &str) -> Value {
    let read: Option<Table> = if text.contains('\n') { None } else { toml::from_str(&format!("value = {text}")).ok() };
    read.and_then(|mut table| table.remove("value")).unwrap_or_else(|| Value::String(text.to_owned()))
}

fn put(place: &mut Value, path: &[String], value: &Value) -> std::result::Result<(), String> {
    let Some((key, rest)) = path.split_first() else {
        *place = value.clone();
        return Ok(());
    };
    match place {
        Value::Table(table) => {
            let inner = table.entry(key.clone()).or_insert_with(|| Value::Table(Table::new()));
            put(inner, rest, value)
        }
        Value::Array(list) if list.iter().any(Value::is_table) => {
            let n = list.len();
            match (key.parse::<usize>(), n) {
                (Ok(number), _) => {
                    let one = list.get_mut(number);
                    put(
                        one.ok_or_else(|| format!("the index is out of range; the list has {n}, counted from 0"))?,
                        rest,
                        value,
                    )
                }
                (Err(_), 1) => list.first_mut().map_or(Ok(()), |one| put(one, path, value)),
                (Err(_), _) => Err(format!("the list has {n} tables; write the index, counted from 0, before '{key}'")),
            }
        }
        other => {
            *other = Value::Table(Table::new());
            put(other, path, value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(file: &str, settings: &[&str]) -> std::result::Result<String, String> {
        let mut table: Table = toml::from_str(file).unwrap();
        for text in settings {
            let setting = Setting::parse(text).map_err(|e| e.to_string())?;
            setting.apply(&mut table).map_err(|e| e.to_string())?;
        }
        Ok(serde_json::to_string(&table).unwrap())
    }

    #[test]
    fn values_are_toml_or_texts() {
        for (text, json) in [
            ("a=1", r#"{"a":1}"#),
            ("a = 0.5", r#"{"a":0.5}"#),
            ("a=true", r#"{"a":true}"#),
            ("a=60d", r#"{"a":"60d"}"#),
            ("a=007", r#"{"a":"007"}"#),
            ("a=\"7\"", r#"{"a":"7"}"#),
            ("a=", r#"{"a":""}"#),
            ("a=x = y", r#"{"a":"x = y"}"#),
            ("a=['b', 'c']", r#"{"a":["b","c"]}"#),
            ("a={b = 1}", r#"{"a":{"b":1}}"#),
            ("a=1\nb=2", "{\"a\":\"1\\nb=2\"}"),
            (r#"a."b = c".d=1"#, r#"{"a":{"b = c":{"d":1}}}"#),
        ] {
            assert_eq!(set("", &[text]).as_deref(), Ok(json), "{text}");
        }
        for text in ["a", "=1", "a b=1", "a..b=1"] {
            assert!(set("", &[text]).unwrap_err().contains("set"), "{text}");
        }
    }

    #[test]
    fn keys_lead_into_tables_and_lists() {
        let file = "x = 1\n[a]\nb = 'text'\nc = [1, 2]\n[[t]]\nn = 1\n[[t]]\nn = 2\n[[u]]\nn = 1\n";
        let start = r#"{"a":{"b":"text","c":[1,2]},"t":[{"n":1},{"n":2}],"u":[{"n":1}],"x":1}"#;
        assert_eq!(set(file, &[]).as_deref(), Ok(start));
        let with = |setting: &str| set(file, &[setting]);
        assert_eq!(with("t.1.n=9").unwrap(), start.replace("{\"n\":2}", "{\"n\":9}"));
        assert_eq!(with("u.m=9").unwrap(), start.replace("\"u\":[{\"n\":1}", "\"u\":[{\"m\":9,\"n\":1}"));
        assert_eq!(with("a.c=[3]").unwrap(), start.replace("[1,2]", "[3]"));
        assert_eq!(with("a.b.literal=v").unwrap(), start.replace("\"text\"", "{\"literal\":\"v\"}"));
        assert!(with("t.n=9").unwrap_err().contains("the list has 2 tables"));
        assert!(with("t.2.n=9").unwrap_err().contains("the list has 2"));
        let setting = Setting::parse("stage-funnel.by=x").unwrap();
        assert_eq!(setting.names(), (Some("stage_funnel"), "by"));
    }
}
