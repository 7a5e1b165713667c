//! Eight numbers at a time, on the CPU's vector unit.
//!
//! Wheels ship for generic CPUs, so kernels are written once over [`Vector`] and compiled for each vector unit;
//! [`dispatch`] picks the widest one that the running CPU has. All implementations hold eight logical lanes and
//! reduce them in the same order, so AVX2 and AVX-512 give the same bits; without FMA (SSE2 and other
//! architectures) [`Vector::fma`] rounds twice. The environment variable `LEADLENS_CPU` (`sse2`, `avx2`, `avx512`)
//! chooses a narrower one.

mod lanes;
mod pair;
#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable;
#[cfg(feature = "fit")]
mod products;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(feature = "fit")]
pub(crate) use lanes::Element;
pub(crate) use lanes::{Kernel, LANES, Real, Vector};
#[cfg(feature = "fit")]
pub(crate) use products::{add_scaled, dot};

/// Runs a kernel on the widest vector unit of this CPU.
pub(crate) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    return x86::dispatch(kernel);
    #[cfg(not(target_arch = "x86_64"))]
    kernel.run::<portable::Portable>()
}

/// Name of the vector unit in use.
#[must_use]
pub fn vector_unit() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    return x86::unit().name();
    #[cfg(not(target_arch = "x86_64"))]
    "portable"
}

/// Runs a kernel on every vector unit that this CPU has: for tests that they agree.
#[cfg(test)]
pub(crate) fn on_every_unit<K: Kernel + Clone>(kernel: &K) -> Vec<(&'static str, K::Output)> {
    #[allow(unused_mut, reason = "more units on x86-64")]
    let mut all = vec![("portable", kernel.clone().run::<portable::Portable>())];
    #[cfg(target_arch = "x86_64")]
    all.extend(x86::on_every_unit(kernel));
    all
}
