//! Style sheet, behaviours and icon: embedded in the binary, unpacked at start, served by actix-files under an address
//! that changes with their content.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "static/"]
struct Embedded;

struct Bundle {
    version: String,
    files: Vec<(&'static str, Vec<u8>)>,
}

static BUNDLE: LazyLock<Bundle> = LazyLock::new(|| {
    let files = vec![
        ("app.css", joined("css/", ".css")),
        ("app.js", [joined("vendor/", ".js"), joined("js/", ".js")].concat()),
        ("icon.svg", joined("icon", ".svg")),
    ];
    let mut digest = Sha256::new();
    files.iter().for_each(|(_, content)| digest.update(content));
    let version = digest.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    Bundle { version, files }
});

/// The files of a folder one after the other, in order of name.
fn joined(prefix: &str, suffix: &str) -> Vec<u8> {
    let mut names: Vec<_> =
        Embedded::iter().filter(|name| name.starts_with(prefix) && name.ends_with(suffix)).collect();
    names.sort();
    let mut content = String::new();
    for file in names.iter().filter_map(|name| Embedded::get(name)) {
        // Indentation and whole-line comments need not travel.
        for line in String::from_utf8_lossy(&file.data).lines().map(str::trim) {
            if !line.is_empty() && !line.starts_with("//") {
                content.push_str(line);
                content.push('\n');
            }
        }
    }
    content.into_bytes()
}

/// Where pages find a file.
pub fn url(name: &str) -> String {
    format!("/static/{}/{name}", BUNDLE.version)
}

/// The address under which the unpacked files are served.
pub fn mount() -> String {
    format!("/static/{}", BUNDLE.version)
}

/// Writes the files, and a compressed copy beside each, into the data folder.
///
/// # Errors
/// When the folder cannot be written.
pub fn unpack(data_dir: &Path) -> io::Result<PathBuf> {
    let folder = data_dir.join(format!("static-{}", BUNDLE.version));
    fs::create_dir_all(&folder)?;
    for (name, content) in &BUNDLE.files {
        fs::write(folder.join(name), content)?;
        let mut compressed = GzEncoder::new(Vec::new(), Compression::best());
        compressed.write_all(content)?;
        fs::write(folder.join(format!("{name}.gz")), compressed.finish()?)?;
    }
    Ok(folder)
}
