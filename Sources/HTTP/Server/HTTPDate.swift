import Glibc
import Reactor

/// The `Date` field, made anew once a second.
@Loop
enum HTTPDate {
    private static var second: time_t = -1
    private static var line: [UInt8] = []

    /// `Date: Sat, 21 Nov 2026 06:13:32 GMT` with its line end.
    static var header: [UInt8] {
        let now = time(nil)
        if now != second {
            second = now
            line = Array("Date: \(text(now))\r\n".utf8)
        }
        return line
    }

    static func text(_ second: time_t) -> String {
        var second = second
        var parts = tm()
        gmtime_r(&second, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return
            "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900) "
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
    }
}
