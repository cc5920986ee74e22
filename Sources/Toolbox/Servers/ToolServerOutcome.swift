import Bytes

extension ToolOutcome {
    /// What a tool of a server gave back (MCP, CallToolResult), as text for a model.
    init(serverResult result: JSON) {
        var parts: [String] = []
        for content in result["content"]?.array ?? [] {
            switch content["type"]?.string {
            case "text": parts.append(content["text"]?.string ?? "")
            case "resource":
                let resource = content["resource"]
                parts.append(resource?["text"]?.string ?? "[\(resource?["uri"]?.string ?? "a resource")]")
            case "resource_link": parts.append("[\(content["uri"]?.string ?? "a resource")]")
            case let kind?: parts.append("[\(kind) of type \(content["mimeType"]?.string ?? "unknown")]")
            case nil: break
            }
        }
        if parts.isEmpty, let structured = result["structuredContent"] { parts.append(structured.text) }
        let text = parts.joined(separator: "\n")
        if result["isError"] == true {
            self = .failure(OutputCap.cut(text, to: OutputCap.bytes - OutputCap.markerRoom))
        } else {
            self.init(output: OutputCap.cut(text))
        }
    }
}
