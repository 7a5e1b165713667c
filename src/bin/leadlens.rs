//! The command line program; see `leadlens --help`.

#[cfg(feature = "huge_pages")]
#[global_allocator]
static MEMORY: leadlens::LargePages = leadlens::LargePages;

fn main() {
    std::process::exit(leadlens::cli::program(std::env::args_os()));
}
