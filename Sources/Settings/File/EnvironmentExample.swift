import Glibc

/// `.env.example`, which lies beside a new configuration file to be read by people (chat-runtime §4.1).
enum EnvironmentExample {
    static let text = """
        # Variables that Drover looks at where config.json has no value. This file itself is not read by anything.

        # Keys of model providers.
        #OPENAI_API_KEY=
        #ANTHROPIC_API_KEY=
        #GEMINI_API_KEY=

        # Where the providers are, if not at their usual addresses.
        #OPENAI_BASE_URL=https://api.openai.com/v1
        #ANTHROPIC_BASE_URL=https://api.anthropic.com
        #GEMINI_BASE_URL=https://generativelanguage.googleapis.com

        # Keys of search services, for the one that search.provider names.
        #PERPLEXITY_API_KEY=
        #TAVILY_API_KEY=
        #BRAVE_SEARCH_API_KEY=

        # The Telegram channel.
        #TELEGRAM_BOT_TOKEN=

        # What callers of /api must present. Needed to listen on anything but this machine.
        #CHAT_RUNTIME_TOKEN=

        """
}

/// A moment as RFC 3339 in UTC, with six digits of a second.
func rfc3339(_ time: timespec) -> String {
    var seconds = time.tv_sec
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let date = [padded(Int(parts.tm_year) + 1900, 4), padded(Int(parts.tm_mon) + 1, 2), padded(Int(parts.tm_mday), 2)]
    let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded(Int($0), 2) }
    return date.joined(separator: "-") + "T" + clock.joined(separator: ":") + "."
        + padded(time.tv_nsec / 1000, 6) + "Z"
}
