//! A table's first column as a bar chart in SVG, readable on light and dark pages.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const LABELS: f64 = 250.0;
const VALUES: f64 = 90.0;
const ROW: f64 = 26.0;
const TITLE: f64 = 34.0;

/// One bar for each row, the first of them ours.
pub fn bars(title: &str, column: &str, rows: &[(&str, f64)], shown: impl Fn(f64) -> String) -> String {
    let most = rows.iter().map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
    let height = TITLE + ROW * rows.len() as f64 + 8.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#f6f8fa\"/>\n\
         <text x=\"12\" y=\"22\" font-weight=\"bold\" fill=\"#24292f\">{}</text>\n",
        escaped(&format!("{title}: {column}"))
    );
    for (at, (name, value)) in rows.iter().enumerate() {
        let top = TITLE + ROW * at as f64;
        let long = (WIDTH - LABELS - VALUES) * value / most;
        let color = if at == 0 { "#d4572a" } else { "#8c959f" };
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#24292f\">{}</text>\n\
             <rect x=\"{LABELS}\" y=\"{top}\" width=\"{long:.1}\" height=\"18\" rx=\"2\" fill=\"{color}\"/>\n\
             <text x=\"{:.1}\" y=\"{}\" fill=\"#24292f\">{}</text>\n",
            LABELS - 8.0,
            top + 14.0,
            escaped(name),
            LABELS + long + 6.0,
            top + 14.0,
            shown(*value)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
