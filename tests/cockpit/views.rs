//! Saved views outlive the program: saved, opened after the next start, and kept out of a file that has a mistake.

use crate::{terminal::Terminal, world::World};
use std::path::PathBuf;

/// The operator's file of views, wherever this platform keeps it.
fn file(world: &World) -> PathBuf {
    let folders = [".config/pilothouse", "Library/Application Support/pilothouse"];
    let files = folders.map(|folder| world.home().join(folder).join("views.toml"));
    files.into_iter().find(|file| file.exists()).expect("a file of views")
}

#[test]
fn a_view_is_there_after_the_next_start_and_a_file_with_a_mistake_is_left_alone() {
    let world = World::start();
    let start = || {
        let mut terminal = Terminal::at_home(&world.home(), (120, 40), &["--kubeconfig", &world.kubeconfig()]);
        terminal.shows("shop/checkout").until("everything loaded", |s| !s.contains("loading"));
        terminal
    };
    let mut terminal = start();
    terminal.press(":ns shop\r").until("only the shop", |s| !s.contains("edge/gateway"));
    terminal.press("/:unwell\r").until("only what is not well", |s| !s.contains("shop/cart "));
    terminal.press(":save bad shop\r").shows("saved the view bad shop in ").press("q");
    assert_eq!(terminal.end(), 0);
    let written = std::fs::read_to_string(file(&world)).unwrap();
    assert_eq!(written, "[\"bad shop\"]\nscreen = \"workloads\"\nnamespaces = [\"shop\"]\nfilter = \":unwell\"\n");

    let mut terminal = start();
    terminal.shows("edge/gateway").press(":bad\r").shows("view bad shop");
    terminal.until("what was saved", |s| {
        s.contains("shop/checkout") && !s.contains("gateway") && !s.contains("shop/cart ")
    });

    let broken = format!("{written}colour = \"red\"\n");
    std::fs::write(file(&world), &broken).unwrap();
    terminal.press(":save other\r").shows("only until pilothouse ends").shows("views.toml:5:1: unknown key");
    terminal.press("\x1b").until("it closed", |s| !s.contains("only until")).press("q");
    assert_eq!(terminal.end(), 0);
    assert_eq!(std::fs::read_to_string(file(&world)).unwrap(), broken);

    let mut terminal = start();
    terminal.shows("unknown key of a view `colour`").press(":view bad\r").shows("view bad shop").press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn the_demo_writes_no_view() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::at_home(home.path(), (120, 40), &["demo"]);
    terminal.shows("shop/checkout").press(":save mine\r").shows("saved the view mine, until the demo ends");
    terminal.press(":view mine\r").shows("view mine").press("q");
    assert_eq!(terminal.end(), 0);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "nothing is left behind");
}
