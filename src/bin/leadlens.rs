//! The command line program; see `leadlens --help`.

#[global_allocator]
static MEMORY: leadlens::LargePages = leadlens::LargePages;

fn main() {
    let code = leadlens::cli::run(std::env::args_os(), &mut std::io::stdout().lock(), &mut std::io::stderr().lock());
    std::process::exit(code);
}
