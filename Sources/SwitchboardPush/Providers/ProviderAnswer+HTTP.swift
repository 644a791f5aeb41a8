import Foundation

extension ProviderAnswer {
    /// What failed before there was an answer.
    init(_ error: OutboundError) {
        switch error {
        case .refused: self = .refused(reason: error.description)
        case .failed: self = .postponed(after: nil, reason: error.description)
        }
    }

    /// What a status means where the service has no rules of its own: 2xx taken; 429 and 5xx later, and 408 too; the rest never.
    init(_ response: OutboundResponse, reason: String? = nil, now: Date = Date()) {
        let text = "\(response.status)" + (reason.map { " \($0)" } ?? "")
        switch response.status {
        case 200..<300: self = .taken
        case 408, 429, 500..<600:
            self = .postponed(after: RetryAfter.read(response.headers["retry-after"], now: now), reason: text)
        case 300..<400: self = .refused(reason: text + " (redirects are not followed)")
        default: self = .refused(reason: text)
        }
    }
}

/// `Retry-After` (RFC 9110 §10.2.3): seconds, or a date.
enum RetryAfter {
    /// nil if there is none or it can't be read. At most a day.
    static func read(_ text: String?, now: Date) -> Duration? {
        guard let text = text?.trimmingCharacters(in: .whitespaces), !text.isEmpty else { return nil }
        if let seconds = Int(text) { return seconds < 0 ? nil : .seconds(min(seconds, 86_400)) }
        guard let date = date(text) else { return nil }
        return .seconds(min(max(0, date.timeIntervalSince(now)), 86_400))
    }

    /// The one form of dates that servers write today, `Sun, 06 Nov 1994 08:49:37 GMT`; the two older ones are not read.
    private static func date(_ text: String) -> Date? {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.date(from: text)
    }
}

/// A provider's own word for what went wrong, as far as it may be kept: short, printable, and not the target.
enum ProviderReason {
    static func clean(_ text: String?, hiding target: String) -> String? {
        guard let text, !text.isEmpty, !text.contains(target) else { return nil }
        let printable = text.unicodeScalars.prefix(160).filter { $0.value >= 0x20 && $0.value != 0x7f }
        return String(String.UnicodeScalarView(printable))
    }
}
