//! SVG text from rectangles, lines and words. Everything that comes from an account goes through [`escaped`].

use std::fmt::Write;

use super::text::escaped;

/// A rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub w: f64,
    pub h: f64,
}

impl Rect {
    pub fn right(self) -> f64 {
        self.x + self.w
    }

    pub fn bottom(self) -> f64 {
        self.y + self.h
    }

    pub fn middle(self) -> (f64, f64) {
        (self.x + self.w / 2.0, self.y + self.h / 2.0)
    }
}

/// Colours that tell security groups and balancers apart; all readable under white figures.
const PALETTE: [&str; 10] = ["#2b6cb0", "#b83280", "#2f855a", "#b7791f", "#6b46c1", "#c05621", "#2c7a7b", "#9b2c2c", "#4a5568", "#97266d"];

/// The colour of the n-th.
pub fn colour(n: usize) -> &'static str {
    PALETTE[n % PALETTE.len()]
}

const STYLE: &str = "text{font-family:system-ui,-apple-system,'Segoe UI','Noto Sans CJK JP','Noto Sans JP',sans-serif;fill:#1c2430}\
.title{font-size:22px;font-weight:700}.sub{font-size:13px;fill:#5b6675}.warn{font-size:12px;fill:#b3261e;font-weight:600}\
.zone{font-size:13px;font-weight:600;fill:#5b6675}.subnet{font-size:13px;font-weight:700}.way{font-size:11px;fill:#5b6675}\
.name{font-size:13px;font-weight:600}.kind{font-size:11px;fill:#5b6675}.num{font-size:10px;font-weight:700;fill:#fff;text-anchor:middle}\
.mid{font-size:13px;font-weight:600;text-anchor:middle}.hot{font-size:11px;fill:#b3261e;font-weight:600}\
.page{fill:#fff}.vpc{fill:#f6f7f9;stroke:#8a94a6;stroke-width:1.5}.col{fill:none;stroke:#b6bfcc;stroke-dasharray:5 4}\
.public{fill:#fff1e0;stroke:#d9822b}.private{fill:#e6f1fb;stroke:#3b7dc4}.box{fill:#fff;stroke:#aab3c0}\
.bar{fill:#fff;stroke:#6b7a90;stroke-dasharray:6 3}.tray{fill:#fff;fill-opacity:.72;stroke:#6b7a90;stroke-dasharray:6 3}.faint{fill:#fbfcfd;stroke:#d5dbe3}.cloud{fill:#fde8e6;stroke:#b3261e}\
.gate{fill:#efe9fb;stroke:#6b46c1}.side{fill:#fff;stroke:#d5dbe3}.line{fill:none;stroke-width:1.6}.thin{fill:none;stroke:#5b6675;stroke-width:1.4}";

/// An SVG document in the making.
pub struct Paint(String);

impl Paint {
    pub fn begin(width: f64, height: f64, title: &str) -> Paint {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\">"
        );
        let _ = writeln!(out, "<title>{}</title>\n<style>{STYLE}</style>", escaped(title));
        for (n, fill) in PALETTE.iter().enumerate() {
            let _ = writeln!(
                out,
                "<marker id=\"a{n}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"{fill}\"/></marker>"
            );
        }
        let mut paint = Paint(out);
        paint.rect("page", Rect { x: 0.0, y: 0.0, w: width, h: height }, 0.0);
        paint
    }

    pub fn end(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }

    /// A group of marks with a tooltip.
    pub fn titled(&mut self, tooltip: &str, marks: impl FnOnce(&mut Paint)) {
        let _ = writeln!(self.0, "<g><title>{}</title>", escaped(tooltip));
        marks(self);
        self.0.push_str("</g>\n");
    }

    pub fn rect(&mut self, class: &str, at: Rect, radius: f64) {
        let _ = writeln!(
            self.0,
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{radius:.0}\"/>",
            at.x, at.y, at.w, at.h
        );
    }

    /// A rectangle of a colour of ours.
    pub fn block(&mut self, fill: &str, at: Rect, radius: f64) {
        let _ = writeln!(
            self.0,
            "<rect fill=\"{fill}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{radius:.0}\"/>",
            at.x, at.y, at.w, at.h
        );
    }

    pub fn text(&mut self, class: &str, x: f64, y: f64, text: &str) {
        let _ = writeln!(self.0, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(text));
    }

    /// The round badge of the n-th security group, counted from 0.
    pub fn badge(&mut self, n: usize, x: f64, y: f64) {
        let _ = writeln!(self.0, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"8\" fill=\"{}\"/>", colour(n));
        self.text("num", x, y + 3.6, &(n + 1).to_string());
    }

    /// A line through points, in the n-th colour, with an arrow at its end.
    pub fn arrow(&mut self, n: usize, points: &[(f64, f64)]) {
        let path = path(points);
        let _ =
            writeln!(self.0, "<path class=\"line\" stroke=\"{}\" d=\"{path}\" marker-end=\"url(#a{})\"/>", colour(n), n % PALETTE.len());
    }

    /// A thin grey line through points.
    pub fn line(&mut self, points: &[(f64, f64)]) {
        let _ = writeln!(self.0, "<path class=\"thin\" d=\"{}\"/>", path(points));
    }
}

fn path(points: &[(f64, f64)]) -> String {
    let mut out = String::new();
    for (n, (x, y)) in points.iter().enumerate() {
        let _ = write!(out, "{}{x:.1} {y:.1}", if n == 0 { "M" } else { "L" });
    }
    out
}
