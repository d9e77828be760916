//! The OpenLedger runtime: composition, configuration, presets, APIs.
