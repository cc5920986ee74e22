import Client
import Testing

@Suite struct RuntimeSocketPathTests {
    @Test(arguments: [
        (["RTM_SOCKET_PATH": "/s", "XDG_RUNTIME_DIR": "/x", "HOME": "/h"], "/s", "/s"),
        (["RTM_SOCKET_PATH": "", "XDG_RUNTIME_DIR": "/x", "HOME": "/h"], "", ""),
        (["XDG_RUNTIME_DIR": "/x", "HOME": "/h"], "/x/rtm/sock", "$XDG_RUNTIME_DIR/rtm/sock"),
        (["XDG_RUNTIME_DIR": "", "HOME": "/h"], "/h/.rtm/sock", "~/.rtm/sock"),
        (["HOME": "/h"], "/h/.rtm/sock", "~/.rtm/sock"),
    ])
    func `the first that says where the socket is counts`(
        variables: [String: String], path: String, label: String
    ) throws {
        #expect(try RuntimeSocketPath(variable: { variables[$0] }) == RuntimeSocketPath(path: path, label: label))
    }

    @Test(arguments: [[:], ["HOME": ""], ["XDG_RUNTIME_DIR": "", "HOME": ""]])
    func `nothing that says where is an error`(variables: [String: String]) {
        #expect(throws: RuntimeRPCError.noHome) { try RuntimeSocketPath(variable: { variables[$0] }) }
    }
}
