//! `leadlens completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::args::Arguments;
use crate::cli::context::{Context, Failed};

#[derive(Debug, Args)]
pub(in crate::cli) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(command: &Completions, context: &mut Context<'_>) -> Result<(), Failed> {
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut Arguments::command(), "leadlens", &mut script);
    context.print(&String::from_utf8_lossy(&script))
}
