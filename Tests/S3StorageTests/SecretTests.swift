// SPDX-License-Identifier: Apache-2.0
#if S3
    import ByteCoding
    import LanceVectorStore
    import S3Storage
    import Testing

    struct SecretTests {
        @Test func aSecretIsNeverPrinted() {
            let secret = Secret("swordfish")
            var dumped = ""
            dump((secret, [secret], Optional(secret)), to: &dumped)
            for text in ["\(secret)", String(describing: [secret]), String(reflecting: secret), dumped] {
                #expect(!text.contains("swordfish"))
            }
            #expect(secret.revealed == "swordfish")
        }

        @Test func printedOptionsHaveNone() {
            let options = Options(storageOptions: ["secret_access_key": "swordfish"])
            var dumped = ""
            dump(options, to: &dumped)
            for text in ["\(options)", String(reflecting: options), dumped] {
                #expect(!text.contains("swordfish") && text.contains("secret_access_key"))
            }
        }

        @Test func aTokenAloneIsAMistake() {
            #expect {
                _ = try S3Settings(["session_token": "swordfish"], S3Environment())
            } throws: {
                ($0 as? Failure)?.code == .invalidArgument && !"\($0)".contains("swordfish")
            }
        }
    }
#endif
