//! `leadlens completions`.

use clap::Args;
use clap_complete::Shell;

use crate::cli::context::{Context, Failed};

#[derive(Debug, Args)]
pub(in crate::cli) struct Completions {
    /// Shell to complete.
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script of the `program` with all its commands.
pub(super) fn run(command: &Completions, mut program: clap::Command, context: &mut Context<'_>) -> Result<(), Failed> {
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut program, "leadlens", &mut script);
    context.print(&String::from_utf8_lossy(&script))
}
