//! A chart of what lies return by how much of the bond colludes.

use core::fmt::Write;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
const MARGIN: f64 = 48.0;

/// One line of a chart.
pub struct Line {
	/// What it is.
	pub name: String,
	/// An SVG colour.
	pub colour: &'static str,
	/// Its points, from left to right.
	pub points: Vec<(f64, f64)>,
	/// Whether its points are drawn by themselves, without a line.
	pub dots: bool,
}

/// A chart as SVG, of values over shares from zero to one.
pub fn chart(title: &str, horizontal: &str, vertical: (f64, f64), lines: &[Line]) -> String {
	let (bottom, top) = vertical;
	let x = |share: f64| MARGIN + share * (WIDTH - 2.0 * MARGIN);
	let y = |value: f64| {
		let part = (value.clamp(bottom, top) - bottom) / (top - bottom);
		HEIGHT - MARGIN - part * (HEIGHT - 2.0 * MARGIN)
	};
	let mut body = String::new();
	let mut put = |text: String| {
		body.push_str(&text);
		body.push('\n');
	};
	put(format!("<text x=\"{}\" y=\"20\" text-anchor=\"middle\">{title}</text>", WIDTH / 2.0));
	put(format!(
		"<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{horizontal}</text>",
		WIDTH / 2.0,
		HEIGHT - 8.0
	));
	for step in 0..=10 {
		let share = f64::from(step) / 10.0;
		put(format!(
			"<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{share:.1}</text>",
			x(share),
			HEIGHT - MARGIN + 16.0
		));
	}
	for value in [bottom, 0.0, top] {
		put(format!(
			"<line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{3:.1}\" y2=\"{3:.1}\" stroke=\"#bbb\"/>\
			 <text x=\"{:.1}\" y=\"{3:.1}\" text-anchor=\"end\">{value:.1}</text>",
			x(0.0),
			x(1.0),
			MARGIN - 4.0,
			y(value)
		));
	}
	for (row, line) in lines.iter().enumerate() {
		let Line { name, colour, points, dots } = line;
		if *dots {
			for (share, value) in points {
				put(format!(
					"<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>",
					x(*share),
					y(*value)
				));
			}
		} else {
			let path = points.iter().fold(String::new(), |mut path, (share, value)| {
				let _ = write!(path, "{:.1},{:.1} ", x(*share), y(*value));
				path
			});
			put(format!(
				"<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\"/>",
				path.trim()
			));
		}
		put(format!(
			"<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{name}</text>",
			x(0.03),
			MARGIN + 14.0 * row as f64 + 14.0
		));
	}
	format!(
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
		 font-family=\"sans-serif\" font-size=\"11\">\n\
		 <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n{body}</svg>\n"
	)
}
