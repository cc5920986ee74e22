import Glibc

/// How long ago, in the one unit that matters.
enum RelativeTime {
    /// `3s`, `4m`, `2h`, `5d`, as it stands in a table. A clock that runs behind shows `0s`.
    static func short(milliseconds: Int) -> String {
        let seconds = max(0, milliseconds / 1000)
        switch seconds {
        case ..<60: return "\(seconds)s"
        case ..<3600: return "\(seconds / 60)m"
        case ..<86400: return "\(seconds / 3600)h"
        default: return "\(seconds / 86400)d"
        }
    }

    /// `just now`, `3 s ago`, `4 min ago`, as it stands in a sentence.
    static func ago(milliseconds: Int) -> String {
        let seconds = max(0, milliseconds / 1000)
        switch seconds {
        case 0: return "just now"
        case ..<60: return "\(seconds) s ago"
        case ..<3600: return "\(seconds / 60) min ago"
        case ..<86400: return "\(seconds / 3600) h ago"
        case ..<172800: return "1 day ago"
        default: return "\(seconds / 86400) days ago"
        }
    }

    /// `850 ms`, `3.2 s`, `4 min 10 s`, `2 h 5 min`: how long something took.
    static func length(milliseconds: Int) -> String {
        let milliseconds = max(0, milliseconds)
        let seconds = milliseconds / 1000
        switch seconds {
        case 0: return "\(milliseconds) ms"
        case ..<60: return "\(seconds).\(milliseconds % 1000 / 100) s"
        case ..<3600: return seconds % 60 == 0 ? "\(seconds / 60) min" : "\(seconds / 60) min \(seconds % 60) s"
        default:
            let minutes = seconds / 60
            return minutes % 60 == 0 ? "\(minutes / 60) h" : "\(minutes / 60) h \(minutes % 60) min"
        }
    }

    /// `14:03:07` of the local day.
    static func clock(_ milliseconds: Int) -> String { local(milliseconds, "%H:%M:%S") }

    /// `2026-01-05 14:03:07`.
    static func date(_ milliseconds: Int) -> String { local(milliseconds, "%Y-%m-%d %H:%M:%S") }

    private static func local(_ milliseconds: Int, _ format: String) -> String {
        var seconds = milliseconds / 1000
        var parts = tm()
        localtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, format, &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// `512 B`, `3.4 KB`, `12 MB`.
func byteCount(_ bytes: Int) -> String {
    guard bytes >= 1024 else { return "\(bytes) B" }
    var tenths = bytes * 10 / 1024
    var unit = 0
    let units = ["KB", "MB", "GB", "TB", "PB"]
    while tenths >= 10240 && unit < units.count - 1 {
        tenths /= 1024
        unit += 1
    }
    return tenths < 100 ? "\(tenths / 10).\(tenths % 10) \(units[unit])" : "\(tenths / 10) \(units[unit])"
}
