//! `hikkoshi graph`

use std::path::PathBuf;

use super::discover::Source;
use super::place;
use super::{Done, Global, say};
use crate::graph::{build, render};

/// Options of `graph`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// How to draw
    #[arg(long, value_enum, default_value = "mermaid")]
    format: Format,
    /// Interfaces and every rule too
    #[arg(long)]
    all: bool,
    /// Write to a file
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Format {
    Dot,
    Mermaid,
    Svg,
    Json,
}

/// Draws.
pub async fn run(global: &Global, args: &Args) -> Done {
    let inventory = args.source.inventory(global).await?;
    let graph = build(&inventory);
    let detail = if args.all { render::Detail::All } else { render::Detail::Overview };
    let text = match args.format {
        _ if global.json => render::json(&inventory, &graph),
        Format::Dot => render::dot(&inventory, &graph, detail),
        Format::Mermaid => render::mermaid(&inventory, &graph, detail),
        Format::Svg => render::svg(&inventory, &graph, detail),
        Format::Json => render::json(&inventory, &graph),
    };
    match &args.out {
        Some(path) => {
            place::write(path, &text)?;
            say(&format!("wrote {}\n", path.display()));
        }
        None => say(&text),
    }
    Ok(0)
}
