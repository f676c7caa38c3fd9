//! sqlx embeds the SQL files at build time; cargo has to be told when one is added.
fn main() {
    println!("cargo:rerun-if-changed=sql");
}
