//! The command line program; see `leadlens --help`.

#[global_allocator]
static MEMORY: leadlens::LargePages = leadlens::LargePages;

fn main() {
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr().lock());
    let code = leadlens::cli::run(std::env::args_os(), &leadlens::Task::new(), &mut out, &mut err);
    std::process::exit(code);
}
