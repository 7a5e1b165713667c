//! What analyses of the journeys do alike.

use crate::cli::args::{Common, Shown};
use crate::cli::context::{Answer, Context, Failed};
use crate::cli::project::Project;
use crate::error::Result;
use crate::journeys::Journeys;
use crate::task::Task;

/// Runs an analysis: `spec` reads its options, `answer` does it. Everything that can be refused is, before the work.
pub(super) fn run<S>(
    context: &mut Context<'_>,
    common: &Common,
    shown: &Shown,
    tables: &[&'static str],
    spec: impl FnOnce(&Project) -> Result<S>,
    answer: impl FnOnce(&Project, &Journeys, &S, &Task) -> Result<Answer>,
) -> std::result::Result<(), Failed> {
    let project = Context::project(common)?;
    let showing = Context::showing(shown, tables, &project.inputs())?;
    let spec = spec(&project)?;
    let journeys = context.journeys(&project)?;
    let answer = context.work(|task| answer(&project, &journeys, &spec, task))?;
    context.show(&showing, &answer, Vec::new())
}
