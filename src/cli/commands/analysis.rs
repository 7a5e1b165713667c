//! What analyses of the journeys do alike.

use serde::Serialize;

use crate::cli::context::{Answer, Context, Failed};
use crate::cli::flags::AnalysisFlags;
use crate::cli::project::Project;
use crate::error::Result;
use crate::frames::Tabled;
use crate::journeys::Journeys;
use crate::progress::Task;
use crate::report::Show;

/// Runs an analysis: `spec` reads its options, `find` does it, `text` shows it. What can be refused is refused before
/// tables are read.
pub(super) fn run<S, R: Tabled + Show + Serialize>(
    context: &mut Context<'_>,
    flags: &AnalysisFlags,
    spec: impl FnOnce(&Project) -> Result<S>,
    find: impl FnOnce(&Project, &Journeys, S, &Task) -> Result<R>,
) -> std::result::Result<(), Failed> {
    let project = Context::project(&flags.common)?;
    let showing = Context::showing(&flags.shown, R::TABLES, &project.inputs())?;
    flags.leads.check()?;
    let spec = spec(&project)?;
    let journeys = context.journeys(&project)?;
    let found = context.work(|task| find(&project, &journeys, spec, task))?;
    let tables = found.names().into_iter().map(|name| Ok((name, found.table(name)?))).collect::<Result<_>>()?;
    context.show(&showing, &Answer::new(found.text(), &found, tables)?, Vec::new())
}
