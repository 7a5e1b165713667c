//! Imports go one way: no file imports from a later layer, no files import each other in a circle,
//! and heavy libraries stay where they belong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// Modules in order: each may import from those before it only.
const LAYERS: [&str; 26] = [
    "counted",
    "error",
    "huge_pages",
    "serde_str",
    "progress",
    "whole_file",
    "math",
    "time",
    "schema",
    "encoding",
    "model",
    "score",
    "evaluate",
    "survival",
    "journeys",
    "query",
    "snapshot",
    "features",
    "audit",
    "analyses",
    "fit",
    "config",
    "frames",
    "report",
    "cli",
    "bin",
];

/// Layers that may name polars.
const WITH_POLARS: [&str; 2] = ["frames", "cli"];

/// The path of a module from the crate's root, such as `["funnel", "pass"]`.
type Module = Vec<String>;

/// A name brought into scope: what it is called here, and the path it stands for.
struct Import {
    name: String,
    path: Vec<String>,
    is_public: bool,
}

/// All paths of one file outside its tests.
#[derive(Default)]
struct Paths {
    imports: Vec<Import>,
    used: Vec<Vec<String>>,
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|a| {
        a.path().is_ident("cfg") && matches!(&a.meta, syn::Meta::List(list) if list.tokens.to_string() == "test")
    })
}

fn flatten(tree: &syn::UseTree, before: &[String], is_public: bool, out: &mut Vec<Import>) {
    let joined = |name: &syn::Ident| {
        let mut path = before.to_vec();
        path.push(name.to_string());
        path
    };
    match tree {
        syn::UseTree::Path(part) => flatten(&part.tree, &joined(&part.ident), is_public, out),
        syn::UseTree::Name(part) if part.ident == "self" => {
            out.push(Import { name: before.last().unwrap().clone(), path: before.to_vec(), is_public });
        }
        syn::UseTree::Name(part) => {
            out.push(Import { name: part.ident.to_string(), path: joined(&part.ident), is_public });
        }
        syn::UseTree::Rename(part) => {
            out.push(Import { name: part.rename.to_string(), path: joined(&part.ident), is_public });
        }
        syn::UseTree::Glob(_) => out.push(Import { name: "*".into(), path: before.to_vec(), is_public }),
        syn::UseTree::Group(group) => group.items.iter().for_each(|t| flatten(t, before, is_public, out)),
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test(&item.attrs) {
            let is_public = !matches!(item.vis, syn::Visibility::Inherited);
            flatten(&item.tree, &[], is_public, &mut self.imports);
        }
    }

    // `pub(crate)` and `pub(super)` say who may look in, not what is imported.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.used.push(path.segments.iter().map(|s| s.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        // The words inside a macro are not parsed: paths are found by their colons.
        let text = call.tokens.to_string().replace(" :: ", "::").replace(":: ", "::");
        for word in text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
            if word.contains("::") {
                self.used.push(word.split("::").map(str::to_owned).collect());
            }
        }
        visit::visit_macro(self, call);
    }
}

/// The files of the crate by module, with the paths that each names.
struct Tree {
    files: BTreeMap<Module, Paths>,
}

impl Tree {
    fn read(root: &Path) -> Self {
        let mut all = Vec::new();
        list(root, &mut all);
        let files = all
            .into_iter()
            .map(|path| {
                let relative = path.strip_prefix(root).unwrap().with_extension("");
                let mut module: Module =
                    relative.components().map(|c| c.as_os_str().to_str().unwrap().to_owned()).collect();
                if module.last().is_some_and(|name| name == "mod" || name == "lib") {
                    module.pop();
                }
                let syntax = syn::parse_file(&fs::read_to_string(&path).unwrap())
                    .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                let mut paths = Paths::default();
                paths.visit_file(&syntax);
                (module, paths)
            })
            .collect();
        Self { files }
    }

    /// The path from the crate's root; a path that starts elsewhere is not of this crate.
    fn absolute(&self, from: &Module, path: &[String]) -> Option<Vec<String>> {
        // A name alone is a value or a type, even where a module is called so too.
        if path.len() < 2 {
            return None;
        }
        let mut at = match path.first()?.as_str() {
            "crate" => Vec::new(),
            "self" => from.clone(),
            "super" => from[..from.len() - 1].to_vec(),
            name => {
                let mut child = from.clone();
                child.push(name.to_owned());
                if !self.files.contains_key(&child) {
                    return None;
                }
                child
            }
        };
        for part in &path[1..] {
            if part == "super" {
                at.pop();
            } else if part != "self" {
                at.push(part.clone());
            }
        }
        Some(at)
    }

    /// The file that defines the item: re-exports are followed.
    fn home(&self, absolute: &[String], depth: usize) -> Option<Module> {
        assert!(depth < 20, "a re-export leads to itself: {absolute:?}");
        let known = (0..=absolute.len()).rev().find(|&n| self.files.contains_key(&absolute[..n]))?;
        let module = absolute[..known].to_vec();
        if let Some(item) = absolute.get(known) {
            for import in self.files[&module].imports.iter().filter(|i| i.is_public && i.name == *item) {
                if let Some(mut target) = self.absolute(&module, &import.path) {
                    target.extend_from_slice(&absolute[known + 1..]);
                    return self.home(&target, depth + 1);
                }
            }
        }
        Some(module)
    }

    /// The files that a file imports from, with the names it takes. A re-export alone is no import.
    fn imports(&self, module: &Module) -> BTreeMap<Module, BTreeSet<String>> {
        let paths = &self.files[module];
        let private = paths.imports.iter().filter(|i| !i.is_public).map(|i| &i.path);
        // A re-exported name that the file uses itself is an import after all.
        let own = paths.imports.iter().filter(|i| i.is_public && paths.used.iter().any(|path| path[0] == i.name));
        let mut out: BTreeMap<Module, BTreeSet<String>> = BTreeMap::new();
        for path in private.chain(&paths.used).chain(own.map(|i| &i.path)) {
            if let Some(home) = self.absolute(module, path).and_then(|path| self.home(&path, 0)) {
                out.entry(home).or_default().insert(path.last().unwrap().clone());
            }
        }
        out.remove(module);
        out
    }
}

fn list(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rank(module: &Module) -> usize {
    let layer = module.first().map_or("lib", String::as_str);
    LAYERS.iter().position(|l| *l == layer).unwrap_or_else(|| panic!("{layer} has no place among the layers"))
}

#[test]
fn imports_go_one_way() {
    let tree = Tree::read(&source());
    let mut upward = Vec::new();
    for module in tree.files.keys().filter(|m| !m.is_empty()) {
        for (other, names) in tree.imports(module) {
            assert!(!other.is_empty(), "{} takes {names:?} from lib.rs", module.join("::"));
            if rank(&other) > rank(module) {
                upward.push(format!("{} takes {names:?} from {}", module.join("::"), other.join("::")));
            }
        }
    }
    assert!(upward.is_empty(), "upward arrows:\n{}", upward.join("\n"));
    let layers: BTreeSet<&str> = tree.files.keys().filter_map(|m| m.first().map(String::as_str)).collect();
    assert_eq!(layers.len(), LAYERS.len(), "a layer has no file: {layers:?}");
}

/// The strongly connected components of more than one file (Tarjan 1972).
struct Circles<'a> {
    tree: &'a Tree,
    index: BTreeMap<Module, (usize, usize)>,
    stack: Vec<Module>,
    found: Vec<Vec<Module>>,
}

impl Circles<'_> {
    fn follow(&mut self, module: &Module) -> usize {
        let at = self.index.len();
        self.index.insert(module.clone(), (at, at));
        self.stack.push(module.clone());
        let mut low = at;
        for other in self.tree.imports(module).into_keys() {
            if !self.index.contains_key(&other) {
                low = low.min(self.follow(&other));
            } else if self.stack.contains(&other) {
                low = low.min(self.index[&other].0);
            }
        }
        if low == at {
            let from = self.stack.iter().position(|m| m == module).unwrap();
            let circle = self.stack.split_off(from);
            if circle.len() > 1 {
                self.found.push(circle);
            }
        }
        low
    }
}

#[test]
fn files_do_not_import_each_other_in_a_circle() {
    let tree = Tree::read(&source());
    let mut circles = Circles { tree: &tree, index: BTreeMap::new(), stack: Vec::new(), found: Vec::new() };
    for module in tree.files.keys() {
        if !circles.index.contains_key(module) {
            circles.follow(module);
        }
    }
    let mut text = String::new();
    for circle in &circles.found {
        text.push_str("circle:\n");
        for module in circle {
            for (other, names) in tree.imports(module).iter().filter(|(m, _)| circle.contains(m)) {
                text.push_str(&format!("  {} takes {names:?} from {}\n", module.join("::"), other.join("::")));
            }
        }
    }
    assert!(text.is_empty(), "{text}");
}

#[test]
fn heavy_libraries_stay_at_their_edge() {
    let tree = Tree::read(&source());
    for (module, paths) in &tree.files {
        let all = paths.imports.iter().map(|i| &i.path).chain(&paths.used);
        for library in all.filter_map(|path| path.first()) {
            let layer = module.first().map_or("lib", String::as_str);
            assert!(library != "pyo3", "{} uses pyo3", module.join("::"));
            assert!(
                !library.starts_with("polars") || WITH_POLARS.contains(&layer),
                "{} uses polars",
                module.join("::")
            );
        }
    }
}
