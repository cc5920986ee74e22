/// The pages that `drover help` and `--help` show.
enum Help {
    /// All verbs, a line each.
    static func overview(on console: Console) -> String {
        var lines = ["Drover \(DroverVersion.current): mission control for coding agents.", ""]
        lines.append(console.styled("Usage", .strong) + "  drover VERB [OPTIONS] [ARGUMENTS]")
        let width = Catalog.specs.map(\.word.count).max() ?? 0
        for chapter in Catalog.chapters {
            lines += ["", console.styled(chapter.title, .strong)]
            for command in chapter.commands {
                lines.append("  " + padded(command.spec.word, to: width + 2) + command.spec.summary)
            }
        }
        lines += ["", "A SESSION is an id, the beginning of one, or a name. drover help VERB tells more about a verb."]
        return lines.joined(separator: "\n")
    }

    /// All about one verb.
    static func page(of spec: CommandSpec, on console: Console) -> String {
        var lines = ["\(spec.summary).", "", console.styled("Usage", .strong) + "  \(spec.usage)"]
        if !spec.discussion.isEmpty { lines += ["", wrapped(spec.discussion, to: min(console.width() ?? 80, 100))] }
        let heads = spec.allOptions.map(head)
        let width = heads.map(\.count).max() ?? 0
        lines += ["", console.styled("Options", .strong)]
        for (option, head) in zip(spec.allOptions, heads) {
            lines.append("  " + padded(head, to: width + 2) + option.help)
        }
        if !spec.examples.isEmpty {
            lines += ["", console.styled("Examples", .strong)]
            let width = spec.examples.map(\.command.count).max() ?? 0
            for example in spec.examples {
                lines.append(
                    "  " + padded(example.command, to: width + 2) + console.styled(example.meaning, .dim))
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func head(_ option: OptionSpec) -> String {
        let short = option.short.map { "-\($0), " } ?? "    "
        return short + "--" + option.name + (option.value.map { " \($0)" } ?? "")
            + (option.optionalValue.map { " [\($0.placeholder)]" } ?? "")
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - displayWidth(text)))
    }

    /// Breaks paragraphs between words. Lines of the text that are empty separate paragraphs.
    static func wrapped(_ text: String, to width: Int) -> String {
        text.split(separator: "\n\n").map { paragraph in
            var lines: [String] = []
            var line = ""
            for word in paragraph.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
                if !line.isEmpty && displayWidth(line) + 1 + displayWidth(word) > width {
                    lines.append(line)
                    line = ""
                }
                line += (line.isEmpty ? "" : " ") + word
            }
            return (lines + [line]).joined(separator: "\n")
        }.joined(separator: "\n\n")
    }
}
