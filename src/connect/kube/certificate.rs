//! From when until when a client certificate is good: two dates of an X.509 certificate, and nothing else of it.
//!
//! A certificate that cannot be read has no dates here; whether it is any good is for the TLS library to say.

use crate::model::Validity;
use ::kube::config::AuthInfo;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{Timestamp, civil, tz::TimeZone};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};

/// DER's tags of what is passed on the way to the dates.
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The dates of the client certificate that these credentials use, if they use one.
pub(super) fn of(auth: &AuthInfo) -> Option<Validity> {
    let pem = match (&auth.client_certificate_data, &auth.client_certificate) {
        (Some(data), _) => STANDARD.decode(data).ok()?,
        (None, Some(file)) => std::fs::read(file).ok()?,
        (None, None) => return None,
    };
    validity(&pem)
}

/// The dates of the first certificate of a PEM text.
fn validity(pem: &[u8]) -> Option<Validity> {
    let first = CertificateDer::pem_slice_iter(pem).next()?.ok()?;
    let (_, certificate, _) = element(&first).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let (_, mut rest, _) = element(certificate).filter(|(tag, ..)| *tag == SEQUENCE)?;
    if rest.first() == Some(&VERSION) {
        rest = element(rest)?.2;
    }
    // The serial number, the signature's algorithm and the issuer come before the dates.
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (_, dates, _) = element(rest).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let (tag, from, rest) = element(dates)?;
    let (last, until, _) = element(rest)?;
    Some(Validity { from: time(tag, from)?, until: time(last, until)? })
}

/// One element of DER: its tag, its content, and what comes after it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // A length of up to four bytes; more would be no certificate's.
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDHHMMSSZ` with years from 1950 on, or `YYYYMMDDHHMMSSZ`.
fn time(tag: u8, text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i16 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let part = |at: usize| rest.get(at..at + 2)?.parse::<i8>().ok();
    let (month, day, hour, minute, second) = (part(0)?, part(2)?, part(4)?, part(6)?, part(8)?);
    let moment = civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    Some(moment.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    fn pem(from: (i32, u8, u8), until: (i32, u8, u8)) -> String {
        let mut params = CertificateParams::new(vec!["client".to_owned()]).unwrap();
        params.not_before = date_time_ymd(from.0, from.1, from.2);
        params.not_after = date_time_ymd(until.0, until.1, until.2);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
    }

    #[test]
    fn the_dates_are_read_in_both_spellings() {
        let read = validity(pem((2026, 3, 1), (2071, 12, 31)).as_bytes()).unwrap();
        assert_eq!(read.from.to_string(), "2026-03-01T00:00:00Z");
        assert_eq!(read.until.to_string(), "2071-12-31T00:00:00Z");
    }

    #[test]
    fn what_is_no_certificate_has_no_dates() {
        assert_eq!(validity(b""), None);
        assert_eq!(validity(b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"), None);
        let whole = pem((2026, 3, 1), (2027, 3, 1));
        let der = CertificateDer::from_pem_slice(whole.as_bytes()).unwrap();
        for length in 0..60 {
            assert_eq!(element(&der[..length]).filter(|(tag, ..)| *tag == SEQUENCE), None, "cut at {length}");
        }
    }

    #[test]
    fn credentials_without_a_certificate_have_none() {
        assert_eq!(of(&AuthInfo::default()), None);
        let data = STANDARD.encode(pem((2026, 3, 1), (2027, 3, 1)));
        assert!(of(&AuthInfo { client_certificate_data: Some(data), ..AuthInfo::default() }).is_some());
    }
}
