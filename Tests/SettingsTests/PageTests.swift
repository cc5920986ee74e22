import Glibc
import Testing

@testable import Settings

@Suite("What is written about the configuration")
struct PageTests {
    /// `docs/configuration.md` of this checkout.
    private static let page: String = {
        let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
        guard case .bytes(let bytes)? = try? PrivateFile(root + "/docs/configuration.md").read(limit: 1 << 20) else {
            return ""
        }
        return String(decoding: bytes, as: UTF8.self)
    }()

    @Test(arguments: ConfigurationKey.allCases)
    func `the page knows every key`(key: ConfigurationKey) {
        #expect(Self.page.contains("`\(key.rawValue)`"))
    }

    @Test(arguments: ConfigurationFile.variables)
    func `the page knows every variable`(name: String) {
        #expect(Self.page.contains("`\(name)`"))
    }

    @Test(arguments: ConfigurationFile.variables.filter { !$0.hasSuffix("_HOME") })
    func `the example of an environment knows every variable`(name: String) {
        #expect(EnvironmentExample.text.contains("#\(name)="))
    }
}
