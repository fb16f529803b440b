// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import Foundation

    #if canImport(FoundationXML)
        import FoundationXML
    #endif

    /// An element of a server's answer: S3 speaks XML, without attributes that matter and with small trees.
    struct XMLNode {
        let name: String
        private(set) var text = ""
        private(set) var children: [XMLNode] = []

        private static let mostDepth = 16
        private static let mostElements = 200_000

        subscript(_ name: String) -> XMLNode? { children.first { $0.name == name } }

        func all(_ name: String) -> [XMLNode] { children.filter { $0.name == name } }

        /// The root; nil for what is no XML, or far more of it than S3 sends.
        init?(parsing bytes: ByteView) {
            // Servers that need long write white space to keep the connection, which XML does not allow there.
            let text = bytes.withUnsafeBytes { Data($0.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }) }
            guard !text.isEmpty else { return nil }
            let builder = Builder()
            let parser = XMLParser(data: text)
            parser.shouldResolveExternalEntities = false
            parser.delegate = builder
            guard parser.parse(), let root = builder.root else { return nil }
            self = root
        }

        private init(name: String) { self.name = name }

        private final class Builder: NSObject, XMLParserDelegate {
            var root: XMLNode?
            private var open: [XMLNode] = []
            private var count = 0

            func parser(
                _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?,
                qualifiedName qName: String?, attributes attributeDict: [String: String]
            ) {
                count += 1
                guard open.count < mostDepth, count <= mostElements else {
                    parser.abortParsing()
                    return
                }
                open.append(XMLNode(name: elementName))
            }

            func parser(_ parser: XMLParser, foundCharacters string: String) {
                guard !open.isEmpty else { return }
                open[open.count - 1].text += string
            }

            func parser(_ parser: XMLParser, foundCDATA CDATABlock: Data) {
                guard !open.isEmpty else { return }
                open[open.count - 1].text += String(decoding: CDATABlock, as: UTF8.self)
            }

            func parser(
                _ parser: XMLParser, didEndElement elementName: String, namespaceURI: String?,
                qualifiedName qName: String?
            ) {
                guard let done = open.popLast() else { return }
                if open.isEmpty { root = done } else { open[open.count - 1].children.append(done) }
            }
        }
    }

    extension XMLNode {
        /// Text as it may stand in an element; what XML has no way to write is nil.
        static func escape(_ text: String) -> String? {
            var result = ""
            for scalar in text.unicodeScalars {
                switch scalar {
                case "&": result += "&amp;"
                case "<": result += "&lt;"
                case ">": result += "&gt;"
                case "\"": result += "&quot;"
                case "\t", "\n", "\r": result += "&#\(scalar.value);"
                default:
                    guard scalar.value >= 0x20, scalar.value != 0xFFFE, scalar.value != 0xFFFF else { return nil }
                    result.unicodeScalars.append(scalar)
                }
            }
            return result
        }
    }
#endif
