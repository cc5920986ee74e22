import HTTP

extension ChatHTTP {
    func mountConfiguration(on router: Router) {}
}
