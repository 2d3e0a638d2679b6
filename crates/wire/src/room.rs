//! How much memory a request may become while it is read.
//!
//! Two bytes of a request can stand for forty in columns, and a kilobyte of
//! gzip for a megabyte of body. So whoever reads a request is asked every now
//! and then whether there is room for what it has become so far, and reading
//! ends when there is not. Between two questions memory grows by
//! [`STEP_BYTES`] of input times the worst growth of its kind, **never by what
//! is left of the request**.

/// Input that is read between two questions.
pub(crate) const STEP_BYTES: usize = 256 << 10;

/// Grants memory, or does not.
pub struct Room<'r>(Option<&'r mut dyn FnMut(usize) -> bool>);

/// There was no room for this many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoRoom(pub(crate) usize);

impl<'r> Room<'r> {
    /// For input whose sender is trusted with this machine's memory.
    #[must_use]
    pub fn unlimited() -> Self {
        Self(None)
    }

    /// Calls `grant` with the bytes that are needed altogether.
    #[must_use]
    pub fn granted_by(grant: &'r mut dyn FnMut(usize) -> bool) -> Self {
        Self(Some(grant))
    }

    pub(crate) fn ask(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let is_granted = self.0.as_mut().is_none_or(|grant| grant(bytes));
        is_granted.then_some(()).ok_or(NoRoom(bytes))
    }
}

impl std::fmt::Debug for Room<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("Room")
            .field(&self.0.is_some())
            .finish()
    }
}
