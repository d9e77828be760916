//! Which instructions the kernels run on. Every choice gives the same bits.

use std::sync::OnceLock;

use super::lanes::Vector;

/// An instruction set that the kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Isa {
	/// What every processor of the architecture has. On x86-64 a fused multiply-add is then
	/// computed in software, hundreds of times slower.
	Portable,
	/// AVX2 with FMA and half-precision conversion.
	Avx2,
	/// AVX-512 with byte, word and double-word operations and integer dot products (VNNI).
	Avx512,
	/// NEON, which every 64-bit Arm processor has.
	Neon,
}

/// Names the instruction set to use instead of the best one.
const VARIABLE: &str = "OPENLORA_ISA";

impl Isa {
	/// Every set, the slowest first.
	pub const ALL: [Self; 4] = [Self::Portable, Self::Neon, Self::Avx2, Self::Avx512];

	/// The name that `OPENLORA_ISA` takes.
	pub const fn name(self) -> &'static str {
		match self {
			Self::Portable => "portable",
			Self::Avx2 => "avx2",
			Self::Avx512 => "avx512",
			Self::Neon => "neon",
		}
	}

	/// Whether this processor has it.
	pub fn is_available(self) -> bool {
		match self {
			Self::Portable => true,
			#[cfg(target_arch = "x86_64")]
			Self::Avx2 => {
				std::arch::is_x86_feature_detected!("avx2")
					&& std::arch::is_x86_feature_detected!("fma")
					&& std::arch::is_x86_feature_detected!("f16c")
			}
			#[cfg(target_arch = "x86_64")]
			Self::Avx512 => {
				Self::Avx2.is_available()
					&& std::arch::is_x86_feature_detected!("avx512f")
					&& std::arch::is_x86_feature_detected!("avx512bw")
					&& std::arch::is_x86_feature_detected!("avx512dq")
					&& std::arch::is_x86_feature_detected!("avx512vl")
					&& std::arch::is_x86_feature_detected!("avx512vnni")
			}
			#[cfg(target_arch = "aarch64")]
			Self::Neon => true,
			_ => false,
		}
	}

	/// The one that `OPENLORA_ISA` names, else the best that the processor has. Looked up once.
	pub fn best() -> Self {
		static BEST: OnceLock<Isa> = OnceLock::new();
		*BEST.get_or_init(|| {
			let best = Self::ALL.into_iter().rfind(|isa| isa.is_available());
			let best = best.unwrap_or(Self::Portable);
			let Ok(name) = std::env::var(VARIABLE) else { return best };
			match Self::ALL.into_iter().find(|isa| isa.name() == name) {
				Some(isa) if isa.is_available() => isa,
				Some(_) => {
					log::warn!("this processor has no {name}; using {}", best.name());
					best
				}
				None => {
					let known = Self::ALL.map(Self::name).join(", ");
					log::warn!("{VARIABLE} is {name:?}, not one of {known}; using {}", best.name());
					best
				}
			}
		})
	}

	/// Runs a loop written in portable Rust, compiled for this instruction set.
	///
	/// # Panics
	/// When the processor does not have it.
	pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
		match self {
			#[cfg(target_arch = "x86_64")]
			Self::Avx512 => {
				assert!(self.is_available(), "no AVX-512 here");
				// SAFETY: the processor has the features.
				unsafe { x86::avx512(kernel) }
			}
			#[cfg(target_arch = "x86_64")]
			Self::Avx2 => {
				assert!(self.is_available(), "no AVX2 here");
				// SAFETY: the processor has the features.
				unsafe { x86::avx2(kernel) }
			}
			#[cfg(target_arch = "aarch64")]
			Self::Neon => kernel.run::<arm::Neon>(),
			_ => kernel.run::<Plain>(),
		}
	}
}

/// A loop over numbers, written once; [`Isa::run`] compiles it for each instruction set.
pub(crate) trait Kernel {
	/// What it returns.
	type Output;

	/// The loop. Must be `#[inline(always)]`, or it is compiled for no instruction set at all.
	fn run<A: Arch>(self) -> Self::Output;
}

/// What compilers do not find by themselves for an instruction set.
pub(crate) trait Arch {
	/// Eight numbers.
	type Eight: Vector;
	/// Sixteen numbers.
	type Sixteen: Vector;
	/// Vectors of sixteen sums that fit its registers, beside what is multiplied.
	const SUMS: usize;

	/// Half-precision numbers as single-precision ones, exactly.
	fn widen(halves: &[u16; 8]) -> [f32; 8];

	/// Single-precision numbers as the nearest half-precision ones, ties to even; infinite beyond
	/// 65,504.
	fn narrow(values: &[f32; 8]) -> [u16; 8];

	/// Asks for the cache line at an address, which need not be anybody's: nothing is read.
	fn prefetch(at: *const u8);
}

/// No instruction in particular.
pub(crate) struct Plain;

impl Arch for Plain {
	type Eight = [f32; 8];
	type Sixteen = [f32; 16];
	const SUMS: usize = 1;

	/// With the exponent's bits where f32 has them, a finite number is off by a power of two.
	#[inline(always)]
	fn widen(halves: &[u16; 8]) -> [f32; 8] {
		const POWER: f32 = f32::from_bits((127 + 112) << 23);
		halves.map(|half| {
			let half = u32::from(half);
			let magnitude = f32::from_bits((half & 0x7fff) << 13) * POWER;
			f32::from_bits(magnitude.to_bits() | (half & 0x8000) << 16)
		})
	}

	#[inline(always)]
	fn narrow(values: &[f32; 8]) -> [u16; 8] {
		values.map(|value| half::f16::from_f32(value).to_bits())
	}

	#[inline(always)]
	fn prefetch(_: *const u8) {}
}

#[cfg(target_arch = "x86_64")]
mod x86 {
	use super::{Arch, Kernel, Vector};
	use crate::kernels::lanes::Two;
	use std::{arch::x86_64::*, marker::PhantomData};

	/// F16C, and vectors of sixteen numbers.
	pub(super) struct Wide<V, const SUMS: usize>(PhantomData<V>);

	impl<V: Vector, const SUMS: usize> Arch for Wide<V, SUMS> {
		type Eight = __m256;
		type Sixteen = V;
		const SUMS: usize = SUMS;

		#[inline(always)]
		fn widen(halves: &[u16; 8]) -> [f32; 8] {
			let mut wide = [0.0; 8];
			// SAFETY: only `avx2` and `avx512` below name this type, on processors with F16C; both
			// arrays are as long as what is read and written.
			unsafe {
				let values = _mm256_cvtph_ps(_mm_loadu_si128(halves.as_ptr().cast()));
				_mm256_storeu_ps(wide.as_mut_ptr(), values);
			}
			wide
		}

		#[inline(always)]
		fn narrow(values: &[f32; 8]) -> [u16; 8] {
			let mut halves = [0; 8];
			// SAFETY: as above.
			unsafe {
				let values = _mm256_loadu_ps(values.as_ptr());
				let narrow = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(values);
				_mm_storeu_si128(halves.as_mut_ptr().cast(), narrow);
			}
			halves
		}

		#[inline(always)]
		fn prefetch(at: *const u8) {
			// SAFETY: a prefetch has no effect but on the caches, whatever the address.
			unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
		}
	}

	/// # Safety
	/// The processor must have these features.
	#[target_feature(enable = "avx2,fma,f16c")]
	pub(super) unsafe fn avx2<K: Kernel>(kernel: K) -> K::Output {
		kernel.run::<Wide<Two<__m256>, 6>>()
	}

	/// # Safety
	/// The processor must have these features.
	#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
	pub(super) unsafe fn avx512<K: Kernel>(kernel: K) -> K::Output {
		kernel.run::<Wide<__m512, 24>>()
	}
}

#[cfg(target_arch = "aarch64")]
mod arm {
	use super::{Arch, Plain};
	use crate::kernels::lanes::Two;
	use std::arch::aarch64::float32x4_t;

	/// Vectors of four numbers.
	pub(super) struct Neon;

	impl Arch for Neon {
		type Eight = Two<float32x4_t>;
		type Sixteen = Two<Two<float32x4_t>>;
		const SUMS: usize = 6;

		#[inline(always)]
		fn widen(halves: &[u16; 8]) -> [f32; 8] {
			Plain::widen(halves)
		}

		#[inline(always)]
		fn narrow(values: &[f32; 8]) -> [u16; 8] {
			Plain::narrow(values)
		}

		#[inline(always)]
		fn prefetch(at: *const u8) {
			Plain::prefetch(at);
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	struct Widen([u16; 8]);

	impl Kernel for Widen {
		type Output = [f32; 8];

		#[inline(always)]
		fn run<A: Arch>(self) -> [f32; 8] {
			A::widen(&self.0)
		}
	}

	#[test]
	fn halves_are_widened_exactly_when_finite() {
		for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
			for first in (0..=u16::MAX).step_by(8) {
				let halves = std::array::from_fn(|i| first + i as u16);
				let wide = isa.run(Widen(halves));
				for (half, wide) in halves.into_iter().zip(wide) {
					let half = half::f16::from_bits(half);
					if half.is_finite() {
						assert_eq!(wide.to_bits(), half.to_f32().to_bits(), "{half:?} by {isa:?}");
					}
				}
			}
		}
	}

	struct Narrow([f32; 8]);

	impl Kernel for Narrow {
		type Output = [u16; 8];

		#[inline(always)]
		fn run<A: Arch>(self) -> [u16; 8] {
			A::narrow(&self.0)
		}
	}

	#[test]
	fn numbers_are_narrowed_to_the_nearest_half_when_between_two() {
		let near =
			[1.0, 1.0 + 0.5 / 1024.0, 1.0 + 1.5 / 1024.0, -65_504.0, 65_520.0, 6e-8, 3e-8, 0.1];
		for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
			let halves = near.map(|value| half::f16::from_f32(value).to_bits());
			assert_eq!(isa.run(Narrow(near)), halves, "{isa:?}");
		}
	}

	#[test]
	fn best_is_available() {
		assert!(Isa::best().is_available());
	}
}
