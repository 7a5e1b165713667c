//! `leadlens audit`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::audit::audit;
use crate::cli::context::{Answer, Context, Failed};
use crate::cli::flags::{CommonFlags, Shown};
use crate::cli::project::{Project, with_flags};
use crate::cli::training::SideFlags;
use crate::frames::{Tabled, audit_frame};
use crate::report::Show;

#[derive(Debug, Args)]
pub(in crate::cli) struct AuditArgs {
    #[command(flatten)]
    common: CommonFlags,
    #[command(flatten)]
    shown: Shown,
    #[command(flatten)]
    sides: SideFlags,
    #[command(flatten)]
    options: AuditFlags,
    /// Configuration of an earlier export, to find values that changed since.
    #[arg(long, value_name = "TOML")]
    previous_export: Option<PathBuf>,
}

#[derive(Debug, Args, Serialize)]
struct AuditFlags {
    /// Largest chance that any test finds something in clean data [default: 0.05].
    #[arg(long, value_name = "CHANCE")]
    alpha: Option<f64>,
    /// Fields whose findings are known and not listed, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    allow: Vec<String>,
}

pub(super) fn run(command: &AuditArgs, context: &mut Context<'_>) -> Result<(), Failed> {
    let mut project = Context::project(&command.common)?;
    command.sides.apply(&mut project)?;
    let spec = with_flags(&project.audit, &command.options)?;
    let mut inputs = project.inputs();
    let previous = command.previous_export.as_ref().map(|file| Project::read(file)).transpose()?;
    if let Some(file) = &command.previous_export {
        inputs.file("the configuration of the earlier export", file);
    }
    let showing = Context::showing(&command.shown, crate::audit::Audit::TABLES, &inputs)?;
    let journeys = context.journeys(&project)?;
    let previous = previous.map(|project| context.journeys(&project)).transpose()?;
    let (train, test) = context.sides(&project, &journeys)?;
    let found = context.work(|task| audit(&train, Some(&test), previous.as_deref(), &spec, task))?;
    let tables = vec![("findings", audit_frame(&found)?)];
    context.show(&showing, &Answer::new(found.text(), &found, tables)?, Vec::new())
}
