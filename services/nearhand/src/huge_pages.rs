//! Huge pages for the live index, whose searches jump about in hundreds of megabytes: with small
//! ones a fifth of their time goes to finding out where those are.

use std::{
    env::{self, current_exe},
    os::unix::process::CommandExt,
    process::Command,
};

/// What the allocator of the GNU C library must find when a process begins, to ask for huge pages
/// where the system gives them to those who ask; others pass it over.
pub(crate) const ENVIRONMENT: (&str, &str) = ("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");

/// Begins this process anew with huge pages, unless the allocator was told something already.
/// Where that fails, it goes on with small ones.
pub(crate) fn ask() {
    let (name, value) = ENVIRONMENT;
    let (Ok(program), None) = (current_exe(), env::var_os(name)) else { return };
    let mut arguments = env::args_os();
    let mut command = Command::new(program);
    arguments.next().into_iter().for_each(|name| {
        command.arg0(name);
    });
    let error = command.args(arguments).env(name, value).exec();
    tracing::debug!(%error, "going on with small pages");
}
