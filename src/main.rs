//! The binary: readable panics, then the command line.

fn main() -> std::process::ExitCode {
    if let Err(error) = color_eyre::install() {
        eprintln!("pilothouse: panics will be less readable: {error}");
    }
    pilothouse::cli::run()
}
