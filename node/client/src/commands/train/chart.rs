//! Line charts as SVG, drawn into a page.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 64.0;
const BOTTOM: f64 = 36.0;
const MARGIN: f64 = 14.0;
/// The most points of a line; of more, every so-manieth is drawn.
const POINTS: usize = 1000;
/// Steps of an axis.
const TICKS: usize = 4;

/// A named line.
pub struct Line<'a> {
	/// What the legend says; plain text of this program.
	pub name: &'a str,
	/// Its colour in the page's style.
	pub class: &'a str,
	/// Finite numbers, x ascending.
	pub points: Vec<(f64, f64)>,
}

/// A chart with its axes, or nothing when no line has a point.
pub fn draw(lines: &[Line<'_>], x_label: &str) -> String {
	let all = || lines.iter().flat_map(|line| line.points.iter().copied());
	let Some((_, first)) = all().next() else { return String::new() };
	let (mut low, mut high) =
		all().fold((first, first), |(low, high), (_, y)| (low.min(y), high.max(y)));
	if high - low < 1e-12 * high.abs().max(1e-300) {
		(low, high) = (low - 0.5 * low.abs().max(1e-3), high + 0.5 * high.abs().max(1e-3));
	}
	let right = all().fold(1.0, |right: f64, (x, _)| right.max(x));
	let across = |x: f64| LEFT + x / right * (WIDTH - LEFT - MARGIN);
	let up = |y: f64| MARGIN + (high - y) / (high - low) * (HEIGHT - BOTTOM - MARGIN);
	let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">");
	for tick in 0..=TICKS {
		let share = tick as f64 / TICKS as f64;
		let (x, y) = (share * right, low + share * (high - low));
		let (at, baseline) = (up(y), HEIGHT - BOTTOM);
		let _ = write!(
			svg,
			"<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
			 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
			 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{:.0}</text>",
			WIDTH - MARGIN,
			LEFT - 6.0,
			at + 4.0,
			number(y),
			across(x),
			baseline + 16.0,
			x,
		);
	}
	for (at, line) in lines.iter().enumerate() {
		let stride = line.points.len().div_ceil(POINTS).max(1);
		let last = line.points.len().saturating_sub(1);
		let drawn =
			line.points.iter().enumerate().filter(|(at, _)| at % stride == 0 || *at == last);
		let mut path = String::new();
		for (_, (x, y)) in drawn.clone() {
			let _ = write!(path, "{:.1},{:.1} ", across(*x), up(*y));
		}
		let _ = write!(svg, "<polyline class=\"{}\" points=\"{}\"/>", line.class, path.trim_end());
		if line.points.len() <= 60 {
			for (_, (x, y)) in drawn {
				let _ = write!(
					svg,
					"<circle class=\"{}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.5\"/>",
					line.class,
					across(*x),
					up(*y)
				);
			}
		}
		let _ = write!(
			svg,
			"<text class=\"{}\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
			line.class,
			WIDTH - MARGIN - 4.0,
			MARGIN + 12.0 + 16.0 * at as f64,
			line.name,
		);
	}
	let _ = write!(
		svg,
		"<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{x_label}</text></svg>",
		(LEFT + WIDTH) / 2.0,
		HEIGHT - 4.0,
	);
	svg
}

/// A number of an axis, short.
fn number(value: f64) -> String {
	match value.abs() {
		0.0 => "0".into(),
		size if (0.01..1e5).contains(&size) => format!("{value:.3}"),
		_ => format!("{value:.1e}"),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn line(points: Vec<(f64, f64)>) -> String {
		draw(&[Line { name: "loss", class: "train", points }], "steps")
	}

	#[test]
	fn line_goes_from_the_left_top_to_the_right_bottom_when_it_falls() {
		let svg = line(vec![(0.0, 4.0), (10.0, 2.0)]);
		assert!(svg.contains("points=\"64.0,14.0 706.0,224.0\""), "{svg}");
	}

	#[test]
	fn chart_has_no_numbers_that_are_none_when_there_is_little_to_draw() {
		assert_eq!(line(Vec::new()), "");
		for points in [vec![(0.0, 0.0)], vec![(1.0, 3.0)], vec![(0.0, -1.0), (5.0, -1.0)]] {
			let svg = line(points);
			assert!(
				svg.ends_with("</svg>") && !svg.contains("NaN") && !svg.contains("inf"),
				"{svg}"
			);
		}
	}

	#[test]
	fn long_line_is_thinned_and_keeps_its_end() {
		let svg = line((0..50_000).map(|at| (f64::from(at), f64::from(at))).collect());
		assert!(svg.len() < 40_000, "{}", svg.len());
		assert!(svg.contains("706.0,14.0\""), "its end");
	}
}
