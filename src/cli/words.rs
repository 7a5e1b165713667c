//! Errors in the words of the command line: flags, or keys of the project file.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::project::section_of;
use super::settings::Setting;
use crate::error::{Error, Mention};

/// The options of the command that runs.
#[derive(Debug, Default)]
pub(super) struct Words {
    flags: BTreeSet<String>,
    /// Flags whose values count here, given or by default; others are read from the project file.
    given: BTreeSet<String>,
    /// Keys that `--set` sets.
    set: Vec<Setting>,
    /// The section of the project file that is called like the command.
    section: String,
    /// The project file.
    file: Option<PathBuf>,
}

impl Words {
    /// The flags of `command`, and which of them were given.
    pub(super) fn of(command: &clap::Command, matches: &clap::ArgMatches) -> Self {
        let Some((name, given)) = matches.subcommand() else { return Self::default() };
        let arguments = command.find_subcommand(name).into_iter().flat_map(clap::Command::get_arguments);
        let flags: BTreeSet<String> = arguments.map(|a| a.get_id().to_string()).collect();
        let is_given = |id: &&String| given.try_contains_id(id).is_ok() && given.value_source(id).is_some();
        let texts = given.try_get_many::<String>("set").ok().flatten().into_iter().flatten();
        let set = texts.filter_map(|text| Setting::parse(text).ok()).collect();
        let section = name.replace('-', "_");
        let file = given.try_get_one::<PathBuf>("config").ok().flatten().cloned();
        Self { file, given: flags.iter().filter(is_given).cloned().collect(), flags, set, section }
    }

    fn of_file(&self, word: &str) -> String {
        self.file.as_ref().map_or_else(String::new, |file| format!("{word} '{}'", file.display()))
    }

    /// What an error says, with options as they are written here.
    pub(super) fn message(&self, error: &Error) -> String {
        error.spelled(&|mention| match mention {
            Mention::AtFault(name) if self.given.contains(name) => flag(name),
            // A key of the declaration of a table.
            Mention::AtFault(name) if name.contains('.') => name.to_owned() + &self.of_file(" in"),
            Mention::AtFault(name) => match self.place_of(name) {
                Some(place) => place,
                None if self.flags.contains(name) => flag(name),
                None => name.to_owned(),
            },
            Mention::Advice { name, has_value } if self.flags.contains(name) => {
                flag(name) + if has_value { "=" } else { "" }
            }
            Mention::Advice { name, has_value: true } => format!("{name} = "),
            Mention::Advice { name, has_value: false } => self.place_of(name).unwrap_or_else(|| name.to_owned()),
        })
    }

    /// Where the configuration, or an override of it, has the key `name`, in words.
    fn place_of(&self, name: &str) -> Option<String> {
        let section = section_of(name, &self.section)?;
        let is_set = |setting: &&Setting| setting.names() == ((!section.is_empty()).then_some(section), name);
        Some(match self.set.iter().rev().find(is_set) {
            Some(setting) => format!("--set {}", setting.key),
            None if section.is_empty() => format!("{name} in the configuration"),
            None => format!("{name} in [{section}]"),
        })
    }
}

fn flag(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}
