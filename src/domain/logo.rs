//! A logo: a PNG or JPEG, known by its content and not by its name. What cameras and programs write beside the picture is
//! taken out, and so is everything behind its end: only the picture is kept.

use thiserror::Error;

use super::ids::LogoId;
use super::named::named;

/// The largest file taken, in bytes: it travels in every mail.
pub const MAX_BYTES: usize = 100 * 1024;

/// The longest edge taken, in pixels.
pub const MAX_PIXELS: u32 = 2_000;

named! {
    /// What kind of picture it is.
    Picture {
        /// PNG.
        Png = "png",
        /// JPEG.
        Jpeg = "jpeg",
    }
}

impl Picture {
    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }
}

/// A picture that mails carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// Which one.
    pub id: LogoId,
    /// What kind of picture it is.
    pub picture: Picture,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// The file.
    pub content: Vec<u8>,
}

/// Why a file is no logo.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum LogoError {
    /// Larger than [`MAX_BYTES`].
    #[error("The logo is larger than 100 KB. It travels in every mail: save it smaller.")]
    TooLarge,
    /// Something else.
    #[error("The file is no PNG and no JPEG. Save the logo as PNG and choose that.")]
    OtherKind,
    /// It begins like one, but is not whole.
    #[error("The picture is damaged or not whole. Save it anew and choose that.")]
    Damaged,
    /// Wider or higher than [`MAX_PIXELS`].
    #[error(
        "The picture is more than 2,000 pixels wide or high. Make it smaller; mails show it 60 pixels high."
    )]
    TooManyPixels,
}

impl Logo {
    /// Reads a file.
    ///
    /// # Errors
    /// Why it is no logo.
    pub fn read(id: LogoId, file: &[u8]) -> Result<Self, LogoError> {
        if file.len() > MAX_BYTES {
            return Err(LogoError::TooLarge);
        }
        let (picture, ((width, height), content)) = if let Some(chunks) = file.strip_prefix(PNG) {
            (Picture::Png, png(chunks).ok_or(LogoError::Damaged)?)
        } else if let Some(segments) = file.strip_prefix(JPEG) {
            (Picture::Jpeg, jpeg(segments).ok_or(LogoError::Damaged)?)
        } else {
            return Err(LogoError::OtherKind);
        };
        match (width, height) {
            (1..=MAX_PIXELS, 1..=MAX_PIXELS) => Ok(Self { id, picture, width, height, content }),
            (0, _) | (_, 0) => Err(LogoError::Damaged),
            _ => Err(LogoError::TooManyPixels),
        }
    }

    /// What a mail's HTML calls the part that carries it (RFC 2392).
    pub fn content_id(&self) -> String {
        format!("{}@logo.dunlin", self.id)
    }

    /// How large mails show it: at most 60 pixels high and 240 wide.
    pub fn shown(&self) -> (u32, u32) {
        let fits = f64::min(240.0 / f64::from(self.width), 60.0 / f64::from(self.height)).min(1.0);
        let scaled = |edge: u32| (f64::from(edge) * fits).round().max(1.0) as u32;
        (scaled(self.width), scaled(self.height))
    }
}

/// A picture's size in pixels, and the picture alone.
type Stripped = ((u32, u32), Vec<u8>);

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8";

/// The chunks that make the picture; a still one, without texts and time.
const PNG_CHUNKS: [&[u8]; 7] = [b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"sRGB", b"IDAT", b"IEND"];

/// Chunk by chunk: length, name, data, checksum of name and data.
fn png(mut chunks: &[u8]) -> Option<Stripped> {
    let (mut size, mut has_data, mut content) = (None, false, PNG.to_vec());
    loop {
        let length = u32::from_be_bytes(*chunks.first_chunk()?) as usize;
        let (chunk, rest) = chunks.split_at_checked(length.checked_add(12)?)?;
        let (name, data) = (&chunk[4..8], &chunk[8..8 + length]);
        match name {
            b"IHDR" if size.is_none() => size = Some((number(data.get(..4)?)?, number(data.get(4..8)?)?)),
            // The header is the first chunk, and there is one.
            b"IHDR" => return None,
            _ if size.is_none() => return None,
            b"IDAT" => has_data = true,
            _ => {}
        }
        if PNG_CHUNKS.contains(&name) {
            let (checked, sum) = chunk.split_at(8 + length);
            if crc32(&checked[4..]).to_be_bytes() != *sum {
                return None;
            }
            content.extend_from_slice(chunk);
        }
        if name == b"IEND" {
            return size.filter(|_| has_data).map(|size| (size, content));
        }
        chunks = rest;
    }
}

/// The checksum of PNG (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    let shifted = |sum: u32| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
    let with = |sum: u32, byte: &u8| (0..8).fold(sum ^ u32::from(*byte), |sum, _| shifted(sum));
    !bytes.iter().fold(!0, with)
}

/// Segment by segment: marker, length, data; behind the last one's header the picture until the end marker.
fn jpeg(mut segments: &[u8]) -> Option<Stripped> {
    let (mut size, mut content) = (None, JPEG.to_vec());
    loop {
        let [0xff, marker, high, low] = *segments.first_chunk()? else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let (segment, rest) = segments.split_at_checked(length.checked_add(2)?)?;
        match marker {
            // Start of frame; C4, C8 and CC are tables.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                size = Some((number(segment.get(7..9)?)?, number(segment.get(5..7)?)?));
            }
            // The picture itself. FF 00 in it is a byte of it, FF D9 its end.
            0xda => {
                let end = rest.windows(2).position(|pair| pair == [0xff, 0xd9])? + 2;
                content.extend_from_slice(segment);
                content.extend_from_slice(&rest[..end]);
                return size.filter(|_| end > 2).map(|size| (size, content));
            }
            0xd0..=0xd9 | 0x00..=0xbf => return None,
            _ => {}
        }
        // What programs write beside the picture; E0 and EE say how its colours are to be read.
        if !matches!(marker, 0xe1..=0xed | 0xef | 0xfe) {
            content.extend_from_slice(segment);
        }
        segments = rest;
    }
}

fn number(bytes: &[u8]) -> Option<u32> {
    (bytes.len() <= 4).then(|| bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(name: &[u8], data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        let sum = crc32(&[name, data].concat()).to_be_bytes();
        [&length, name, data, &sum].concat()
    }

    fn png_of(width: u32, height: u32, more: &[u8]) -> Vec<u8> {
        let header = [width.to_be_bytes().as_slice(), &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
        let [header, data, end] = [chunk(b"IHDR", &header), chunk(b"IDAT", b"data"), chunk(b"IEND", b"")];
        [PNG, &header, more, &data, &end].concat()
    }

    fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], length.as_slice(), data].concat()
    }

    fn jpeg_of(width: u16, height: u16, more: &[u8]) -> Vec<u8> {
        let frame = [&[8], height.to_be_bytes().as_slice(), &width.to_be_bytes(), &[3]].concat();
        let [frame, scan] = [segment(0xc0, &frame), segment(0xda, &[3])];
        [JPEG, more, &frame, &scan, b"picture\xff\x00more\xff\xd9"].concat()
    }

    fn read(file: &[u8]) -> Result<Logo, LogoError> {
        Logo::read(uuid::Uuid::nil().into(), file)
    }

    #[test]
    fn a_picture_is_known_by_its_content() {
        let png = read(&png_of(640, 120, b"")).unwrap();
        assert_eq!((png.picture, png.width, png.height, png.shown()), (Picture::Png, 640, 120, (240, 45)));
        let jpeg = read(&jpeg_of(100, 200, b"")).unwrap();
        assert_eq!(
            (jpeg.picture, jpeg.width, jpeg.height, jpeg.shown()),
            (Picture::Jpeg, 100, 200, (30, 60))
        );
        assert_eq!(read(&png_of(20, 10, b"")).unwrap().shown(), (20, 10));
    }

    #[test]
    fn what_is_written_beside_the_picture_and_behind_it_is_not_kept() {
        let picture = png_of(1, 1, b"");
        let spoken = [png_of(1, 1, &chunk(b"tEXt", b"by Ada")), b"<script>".to_vec()].concat();
        assert_eq!(read(&spoken).unwrap().content, picture);
        let picture = jpeg_of(1, 1, b"");
        let spoken = [segment(0xe1, b"Exif: where it was taken"), segment(0xfe, b"a note")].concat();
        let spoken = [jpeg_of(1, 1, &spoken), b"<script>".to_vec()].concat();
        assert_eq!(read(&spoken).unwrap().content, picture);
    }

    #[test]
    fn a_png_of_which_a_byte_is_wrong_is_damaged() {
        assert_eq!(crc32(b"IEND"), 0xae42_6082);
        let whole = png_of(9, 9, b"");
        for at in PNG.len() + 8..whole.len() {
            let mut wrong = whole.clone();
            wrong[at] ^= 1;
            assert!(read(&wrong).is_err(), "{at}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_reason() {
        for file in ["<svg xmlns='http://www.w3.org/2000/svg'/>", "GIF89a", "", "%PDF-1.7", "<html>"] {
            assert_eq!(read(file.as_bytes()), Err(LogoError::OtherKind), "{file}");
        }
        assert_eq!(read(&png_of(2_001, 1, b"")), Err(LogoError::TooManyPixels));
        assert_eq!(read(&jpeg_of(1, 2_001, b"")), Err(LogoError::TooManyPixels));
        assert_eq!(read(&png_of(0, 1, b"")), Err(LogoError::Damaged));
        assert_eq!(read(&vec![0; MAX_BYTES + 1]), Err(LogoError::TooLarge));
    }

    #[test]
    fn a_picture_that_ends_too_early_is_damaged_and_never_a_panic() {
        for whole in [png_of(9, 9, &chunk(b"PLTE", b"abc")), jpeg_of(9, 9, &segment(0xdb, b"abc"))] {
            for end in 2..whole.len() {
                let cut = read(&whole[..end]);
                assert!(matches!(cut, Err(LogoError::Damaged | LogoError::OtherKind)), "{end}: {cut:?}");
            }
            for at in 8..whole.len() {
                for byte in [0, 0x7f, 0xff] {
                    let mut wrong = whole.clone();
                    wrong[at] = byte;
                    drop(read(&wrong));
                }
            }
        }
    }
}
