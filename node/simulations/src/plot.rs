//! Charts as SVG.

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

/// One direction of a chart.
pub struct Axis {
	/// The value at its beginning.
	pub from: f64,
	/// The value at its end.
	pub to: f64,
	/// Whether equal factors have equal lengths, instead of equal differences.
	pub logarithmic: bool,
	/// The values that are written down.
	pub marks: Vec<f64>,
	/// How a value is written.
	pub write: fn(f64) -> String,
}

impl Axis {
	/// Where a value lies, from 0 at the beginning to 1; beyond the ends where they are.
	fn part(&self, value: f64) -> f64 {
		let value = value.clamp(self.from, self.to);
		if self.logarithmic {
			(value / self.from).ln() / (self.to / self.from).ln()
		} else {
			(value - self.from) / (self.to - self.from)
		}
	}
}

/// A chart of values over shares from zero to one.
pub fn chart(title: &str, horizontal: &str, vertical: (f64, f64), lines: &[Line]) -> String {
	let (from, to) = vertical;
	let write = |value: f64| format!("{value:.1}");
	let marks = (0..=10).map(|step| f64::from(step) / 10.0).collect();
	let shares = Axis { from: 0.0, to: 1.0, logarithmic: false, marks, write };
	let values = Axis { from, to, logarithmic: false, marks: vec![from, 0.0, to], write };
	drawn(title, horizontal, (&shares, &values), lines)
}

/// A chart over two axes.
pub fn drawn(
	title: &str,
	horizontal: &str,
	(across, up): (&Axis, &Axis),
	lines: &[Line],
) -> String {
	let x = |value: f64| MARGIN + across.part(value) * (WIDTH - 2.0 * MARGIN);
	let y = |value: f64| HEIGHT - MARGIN - up.part(value) * (HEIGHT - 2.0 * MARGIN);
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
	for value in &across.marks {
		put(format!(
			"<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
			x(*value),
			HEIGHT - MARGIN + 16.0,
			(across.write)(*value)
		));
	}
	for value in &up.marks {
		put(format!(
			"<line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{3:.1}\" y2=\"{3:.1}\" stroke=\"#bbb\"/>\
			 <text x=\"{:.1}\" y=\"{3:.1}\" text-anchor=\"end\">{4}</text>",
			x(across.from),
			x(across.to),
			MARGIN - 4.0,
			y(*value),
			(up.write)(*value)
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
			MARGIN + 0.03 * (WIDTH - 2.0 * MARGIN),
			MARGIN + 14.0 * row as f64 + 14.0
		));
	}
	format!(
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
		 font-family=\"sans-serif\" font-size=\"11\">\n\
		 <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n{body}</svg>\n"
	)
}
