//! The `nearhand` binary: parses the command line and hands over to one subcommand.

fn main() {}
