//! A ZIP archive that is written from its beginning to its end, and taken away piece by piece. Must not
//! know what the files hold.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};
use zip::{
    CompressionMethod, ZipWriter,
    result::ZipResult,
    write::{SimpleFileOptions, StreamWriter},
};

/// Compressed bytes that wait to be taken away.
#[derive(Clone, Default)]
struct Waiting(Arc<Mutex<Vec<u8>>>);

impl Waiting {
    fn with<T>(&self, look: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Waiting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|waiting| waiting.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An archive that is being written.
pub(super) struct Archive {
    zip: ZipWriter<StreamWriter<Waiting>>,
    waiting: Waiting,
}

impl Default for Archive {
    fn default() -> Self {
        Self::new()
    }
}

impl Archive {
    pub(super) fn new() -> Self {
        let waiting = Waiting::default();
        Self { zip: ZipWriter::new_stream(waiting.clone()), waiting }
    }

    /// Begins the next file.
    pub(super) fn begin(&mut self, name: &str) -> ZipResult<()> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        self.zip.start_file(name, options)
    }

    /// Adds to the present file.
    pub(super) fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.zip.write_all(bytes)
    }

    /// How many bytes wait to be taken away.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.with(|waiting| waiting.len())
    }

    /// Takes away what has been written since the last time.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.waiting.with(std::mem::take)
    }

    /// Ends the archive; returns its last bytes.
    pub(super) fn finish(self) -> ZipResult<Vec<u8>> {
        let Self { zip, waiting } = self;
        zip.finish()?;
        Ok(waiting.with(std::mem::take))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Read};

    #[test]
    fn pieces_are_an_archive_and_few_bytes_wait() {
        let mut archive = Archive::new();
        let (mut pieces, mut most) = (Vec::new(), 0);
        for file in 0..3 {
            archive.begin(&format!("{file}.txt")).unwrap();
            for line in 0..20_000_u32 {
                let noise = line.wrapping_mul(2_654_435_761);
                archive.add(format!("{line} {noise}\n").as_bytes()).unwrap();
                most = most.max(archive.waiting());
                if archive.waiting() > 10_000 {
                    pieces.extend(archive.take());
                }
            }
        }
        pieces.extend(archive.finish().unwrap());
        assert!(most < 200_000, "{most} bytes waited");
        let mut read = zip::ZipArchive::new(Cursor::new(pieces)).unwrap();
        assert_eq!(read.len(), 3);
        let mut text = String::new();
        read.by_name("2.txt").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text.lines().count(), 20_000);
        assert!(text.starts_with("0 0\n1 2654435761\n"), "{}", &text[..40]);
    }
}
