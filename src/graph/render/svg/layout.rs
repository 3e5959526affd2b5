//! The grid: zones are columns, the n-th subnets of all zones are a row, a box is a thing.

use std::collections::BTreeMap;

use super::paint::Rect;
use crate::graph::Node;
use crate::graph::render::Detail;
use crate::graph::render::scene::{Plot, Scene, Zone};
use crate::model::facet::Role;
use crate::model::id::Id;

pub const MARGIN: f64 = 28.0;
pub const BOX_W: f64 = 214.0;
pub const BOX_H: f64 = 44.0;
pub const GAP: f64 = 10.0;
/// Room at the left of a box in which lines come down.
pub const LANE: f64 = 26.0;
pub const PAD: f64 = 12.0;
const SUBNET_HEAD: f64 = 50.0;
const ZONE_HEAD: f64 = 30.0;
const VPC_TOP: f64 = 186.0;
/// Residents that stand above each other before another column of boxes begins.
const TALL: usize = 8;

/// One column: a zone.
struct Column {
    x: f64,
    w: f64,
    across: usize,
}

/// One bar: a thing that may sit in several subnets of a row.
pub struct Bar<'a> {
    pub node: &'a Node,
    pub at: Rect,
    pub spans: usize,
    /// Whether it is a bar of its own and not in a tray.
    pub alone: bool,
}

/// Where everything stands.
pub struct Layout<'a> {
    pub vpc: Rect,
    pub internet: Rect,
    pub gateway: Option<(&'a Node, Rect)>,
    /// Balancers at the door.
    pub door: Vec<(&'a Node, Rect)>,
    /// Where the lines from the door begin to spread.
    pub bus: f64,
    pub zones: Vec<(String, Rect)>,
    pub plots: Vec<(&'a Plot<'a>, Rect)>,
    pub boxes: Vec<(&'a Node, Rect)>,
    pub bars: Vec<Bar<'a>>,
    /// What several things that may sit in the same subnets stand in.
    pub trays: Vec<Rect>,
    /// Things without a subnet, below.
    pub beside: Vec<(&'a Node, Rect)>,
    pub beside_label: Option<f64>,
}

impl<'a> Layout<'a> {
    pub fn of(scene: &'a Scene<'a>) -> Layout<'a> {
        let columns = columns(&scene.zones);
        let inner = columns.last().map_or(0.0, |column| column.x + column.w - MARGIN).max(2.0 * (BOX_W + GAP) + 2.0 * PAD);
        let vpc_w = inner + PAD;
        let mut layout = Layout {
            vpc: Rect { x: MARGIN, y: VPC_TOP, w: vpc_w, h: 0.0 },
            internet: Rect { x: MARGIN + vpc_w / 2.0 - 70.0, y: 96.0, w: 140.0, h: 34.0 },
            gateway: None,
            door: Vec::new(),
            bus: 0.0,
            zones: Vec::new(),
            plots: Vec::new(),
            boxes: Vec::new(),
            bars: Vec::new(),
            trays: Vec::new(),
            beside: Vec::new(),
            beside_label: None,
        };
        layout.place_gateway(scene);
        let top = layout.place_door(scene);
        let bottom = layout.place_zones(scene, &columns, top);
        layout.place_beside(scene, bottom);
        layout
    }

    /// The lowest line of the drawing.
    pub fn bottom(&self) -> f64 {
        self.vpc.bottom()
    }

    fn place_gateway(&mut self, scene: &'a Scene<'a>) {
        let is_door = |node: &&Node| node.role == Some(Role::Gateway) && is_named_igw(scene, &node.id);
        if let Some(node) = scene.loose.iter().copied().find(is_door) {
            self.gateway =
                Some((node, Rect { x: self.vpc.x + self.vpc.w / 2.0 - BOX_W / 2.0, y: VPC_TOP - BOX_H / 2.0, w: BOX_W, h: BOX_H }));
        }
    }

    /// Balancers in rows under the VPC's upper edge; answers where the zones begin.
    fn place_door(&mut self, scene: &'a Scene<'a>) -> f64 {
        let all = scene.spanning.iter().map(|(node, _)| *node).chain(scene.plots().flat_map(|plot| plot.residents.iter().copied()));
        let balancers: Vec<&Node> = all.chain(scene.loose.iter().copied()).filter(|node| node.role == Some(Role::Balancer)).collect();
        let top = VPC_TOP + BOX_H / 2.0 + 24.0;
        self.door = row(&balancers, self.vpc, top);
        let bottom = self.door.last().map_or(VPC_TOP + BOX_H / 2.0, |(_, at)| at.bottom());
        self.bus = bottom + 10.0;
        let spread = if self.door.is_empty() { 0.0 } else { 6.0 * self.door.len().min(8) as f64 + 10.0 };
        bottom + 10.0 + spread
    }

    fn place_zones(&mut self, scene: &'a Scene<'a>, columns: &[Column], top: f64) -> f64 {
        let rows = rows(&scene.zones);
        let bars = bars_by_row(scene, &rows);
        let mut y = top + ZONE_HEAD;
        for (row, subnets) in rows.iter().enumerate() {
            y = self.place_row(columns, subnets, bars.get(row).map_or(&[], Vec::as_slice), y) + PAD;
        }
        for (zone, column) in scene.zones.iter().zip(columns) {
            self.zones.push((zone.name.to_owned(), Rect { x: column.x, y: top, w: column.w, h: y - top }));
        }
        if scene.zones.is_empty() { top } else { y }
    }

    fn place_row(&mut self, columns: &[Column], subnets: &[Option<&'a Plot<'a>>], bars: &[Stretch<'a>], y: f64) -> f64 {
        let tall = subnets
            .iter()
            .zip(columns)
            .filter_map(|(plot, column)| Some(residents(plot.as_ref()?).count().div_ceil(column.across)))
            .max()
            .unwrap_or(0);
        let runs = runs(columns, bars);
        let (slots, places) = pack(&runs, columns.len());
        let bars_y = y + SUBNET_HEAD + tall as f64 * (BOX_H + GAP);
        let bottom = bars_y + (slots as f64 * (BOX_H + GAP)).max(if tall == 0 { 16.0 } else { 0.0 }) + 2.0;
        for (plot, column) in subnets.iter().zip(columns) {
            let Some(plot) = plot else { continue };
            self.plots.push((plot, Rect { x: column.x + PAD, y, w: column.w - 2.0 * PAD, h: bottom - y }));
            for (n, node) in residents(plot).enumerate() {
                let (across, down) = (n % column.across, n / column.across);
                let x = column.x + PAD + LANE + across as f64 * (LANE + BOX_W);
                self.boxes.push((node, Rect { x, y: y + SUBNET_HEAD + down as f64 * (BOX_H + GAP), w: BOX_W, h: BOX_H }));
            }
        }
        for (run, line) in runs.iter().zip(places) {
            self.place_run(columns, run, bars_y + line as f64 * (BOX_H + GAP));
        }
        bottom
    }

    /// One thing is a bar across its subnets; several stand in a tray across them.
    fn place_run(&mut self, columns: &[Column], run: &Run<'a, '_>, y: f64) {
        let (x, w) = width_of(columns, run.from, run.to);
        let lines = run.lines as f64;
        if run.across > 1 && run.bars.len() > 1 {
            self.trays.push(Rect { x: x - 7.0, y: y - 3.0, w: w + 14.0, h: lines * (BOX_H + GAP) - GAP + 6.0 });
        }
        for (n, bar) in run.bars.iter().enumerate() {
            let at = Rect {
                x: x + (n % run.across) as f64 * (LANE + BOX_W),
                y: y + (n / run.across) as f64 * (BOX_H + GAP),
                w: BOX_W,
                h: BOX_H,
            };
            let at = if run.bars.len() == 1 || run.across == 1 { Rect { w, ..at } } else { at };
            self.bars.push(Bar { node: bar.node, at, spans: bar.spans, alone: run.bars.len() == 1 || run.across == 1 });
        }
    }

    /// What has no subnet stands below the zones; then the VPC's frame can be closed.
    fn place_beside(&mut self, scene: &'a Scene<'a>, y: f64) {
        let gateway = self.gateway.map(|(node, _)| &node.id);
        let stands_elsewhere = |node: &&Node| match node.role {
            Some(Role::Balancer) => true,
            Some(Role::TargetGroup) => scene.detail == Detail::Overview,
            _ => Some(&node.id) == gateway,
        };
        let rest = scene.loose.iter().copied().filter(|node| !stands_elsewhere(node));
        let rest: Vec<&Node> = rest.chain(scene.outside.iter().copied()).collect();
        if rest.is_empty() {
            self.vpc.h = y + PAD - self.vpc.y;
            return;
        }
        self.beside_label = Some(y + 24.0);
        self.beside = row(&rest, self.vpc, y + 34.0);
        self.vpc.h = self.beside.last().map_or(y, |(_, at)| at.bottom()) + PAD + 4.0 - self.vpc.y;
    }
}

/// Whether some route says that this is the gateway of the internet.
fn is_named_igw(scene: &Scene<'_>, id: &Id) -> bool {
    let tables = scene.inventory.with_role(Role::RouteTable).filter_map(|table| table.facets.routing.as_ref());
    let mut hops = tables.flat_map(|routing| &routing.routes).map(|route| &route.hop);
    hops.any(|hop| matches!(hop, crate::model::facet::Hop::InternetGateway(gateway) if gateway == id))
}

/// What stands in a subnet; balancers stand at the door.
fn residents<'p, 'a>(plot: &'p Plot<'a>) -> impl Iterator<Item = &'a Node> + use<'p, 'a> {
    plot.residents.iter().copied().filter(|node| node.role != Some(Role::Balancer))
}

fn columns(zones: &[Zone<'_>]) -> Vec<Column> {
    let mut x = MARGIN + PAD;
    let mut columns = Vec::new();
    for zone in zones {
        let most = zone.plots.iter().map(|plot| residents(plot).count()).max().unwrap_or(0);
        let across = most.div_ceil(TALL).clamp(1, 4);
        let w = 2.0 * PAD + GAP + across as f64 * (LANE + BOX_W);
        columns.push(Column { x, w, across });
        x += w + PAD;
    }
    columns
}

/// The rows: public subnets of all zones beside each other first, then the private ones.
fn rows<'a>(zones: &'a [Zone<'a>]) -> Vec<Vec<Option<&'a Plot<'a>>>> {
    let mut rows = Vec::new();
    for public in [true, false] {
        let tiers: Vec<Vec<&Plot<'_>>> =
            zones.iter().map(|zone| zone.plots.iter().filter(|plot| plot.public == public).collect()).collect();
        let deep = tiers.iter().map(Vec::len).max().unwrap_or(0);
        rows.extend((0..deep).map(|n| tiers.iter().map(|tier| tier.get(n).copied()).collect::<Vec<_>>()));
    }
    rows
}

/// A bar before it has a place: columns from and to.
struct Stretch<'a> {
    node: &'a Node,
    from: usize,
    to: usize,
    spans: usize,
}

/// For each row the runs of neighbouring subnets in which a thing may sit.
fn bars_by_row<'a>(scene: &'a Scene<'a>, rows: &[Vec<Option<&'a Plot<'a>>>]) -> Vec<Vec<Stretch<'a>>> {
    let mut place: BTreeMap<&Id, (usize, usize)> = BTreeMap::new();
    for (r, row) in rows.iter().enumerate() {
        for (c, plot) in row.iter().enumerate() {
            place.extend(plot.map(|plot| (&plot.subnet.id, (r, c))));
        }
    }
    let mut bars: Vec<Vec<Stretch<'_>>> = rows.iter().map(|_| Vec::new()).collect();
    let mut things: Vec<&(&Node, Vec<&Id>)> = scene.spanning.iter().filter(|(node, _)| node.role != Some(Role::Balancer)).collect();
    things.sort_by(|(a, _), (b, _)| (a.role, &a.kind, &a.name, &a.id).cmp(&(b.role, &b.kind, &b.name, &b.id)));
    for (node, subnets) in things {
        let mut cells: Vec<(usize, usize)> = subnets.iter().filter_map(|id| place.get(id).copied()).collect();
        cells.sort_unstable();
        for (row, column) in cells {
            match bars[row].last_mut() {
                Some(bar) if bar.node.id == node.id && bar.to + 1 == column => bar.to = column,
                _ => bars[row].push(Stretch { node, from: column, to: column, spans: subnets.len() }),
            }
        }
    }
    bars
}

/// Bars across the same columns.
struct Run<'a, 'b> {
    bars: Vec<&'b Stretch<'a>>,
    from: usize,
    to: usize,
    /// Boxes beside each other.
    across: usize,
    /// Lines of boxes.
    lines: usize,
}

fn width_of(columns: &[Column], from: usize, to: usize) -> (f64, f64) {
    let x = columns[from].x + PAD + LANE;
    (x, columns[to].x + columns[to].w - PAD - GAP - x)
}

fn runs<'a, 'b>(columns: &[Column], bars: &'b [Stretch<'a>]) -> Vec<Run<'a, 'b>> {
    let mut by_columns: BTreeMap<(usize, usize), Vec<&Stretch<'_>>> = BTreeMap::new();
    for bar in bars {
        by_columns.entry((bar.from, bar.to)).or_default().push(bar);
    }
    let run = |((from, to), bars): ((usize, usize), Vec<&'b Stretch<'a>>)| {
        let across = (((width_of(columns, from, to).1 + LANE) / (LANE + BOX_W)) as usize).max(1);
        let lines = bars.len().div_ceil(across);
        Run { bars, from, to, across, lines }
    };
    let mut runs: Vec<Run<'_, '_>> = by_columns.into_iter().map(run).collect();
    runs.sort_by_key(|run| (run.to - run.from, run.from));
    runs
}

/// Runs stand on top of each other where they share a column: the number of lines in all, and the first line of each.
fn pack(runs: &[Run<'_, '_>], columns: usize) -> (usize, Vec<usize>) {
    let mut height = vec![0; columns];
    let mut first = Vec::new();
    for run in runs {
        let under = &mut height[run.from..=run.to];
        let line = under.iter().copied().max().unwrap_or(0);
        under.fill(line + run.lines);
        first.push(line);
    }
    (height.into_iter().max().unwrap_or(0), first)
}

/// Boxes in rows within a frame.
fn row<'a>(nodes: &[&'a Node], frame: Rect, y: f64) -> Vec<(&'a Node, Rect)> {
    let across = (((frame.w - 2.0 * PAD + GAP) / (BOX_W + GAP)) as usize).max(1);
    let place = |n: usize| Rect {
        x: frame.x + PAD + (n % across) as f64 * (BOX_W + GAP),
        y: y + (n / across) as f64 * (BOX_H + GAP),
        w: BOX_W,
        h: BOX_H,
    };
    nodes.iter().enumerate().map(|(n, node)| (*node, place(n))).collect()
}
