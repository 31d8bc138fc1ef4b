#!/usr/bin/env python3
"""The ways to log in to a real server: which one is taken, what happens when it is refused, and that
nothing secret of it shows up elsewhere."""
import base64
import hashlib
import re

import harness
from harness import run


class Logins(harness.Case):
    def source(self, user):
        return "imaps://%s@localhost:%d" % (user, self.server.tls_port)

    def assert_mechanism(self, mount, name):
        self.assertIn("INBOX", mount.listing())
        self.assertEqual(set(re.findall(r"AUTHENTICATE (\S+)", mount.traced())), {name})
        self.assertNotIn(" LOGIN ", mount.traced())

    def assert_discreet(self, mount, *secrets):
        mount.unmount()
        for path in (mount.trace, mount.log):
            text = path.read_text(errors="replace")
            for secret in secrets:
                self.assertNotIn(secret, text)
                self.assertNotIn(base64.b64encode(secret.encode()).decode(), text)

    def test_by_scram_where_the_server_offers_it(self):
        for user in ("scram", "alice"):
            mount = self.mount(source=self.source(user))
            self.assert_mechanism(mount, "SCRAM-SHA-256")
            self.assert_discreet(mount, self.server.password)

    def test_not_by_plain_where_only_a_verifier_is_stored(self):
        mount = self.prepare("--auth", "plain", source=self.source("scram"))
        self.refused(mount, "refused the login")

    def test_by_the_mechanism_that_the_user_forces(self):
        self.assert_mechanism(self.mount("--auth", "PLAIN"), "PLAIN")
        self.assert_mechanism(self.mount("-o", "auth=LOGIN"), "LOGIN")
        self.refused(self.prepare("--auth", "SCRAM-SHA-1"), "does not offer SCRAM-SHA-1")

    def test_a_wrong_password_is_tried_once(self):
        secret = self.place / "wrong"
        secret.write_text("wrong")
        secret.chmod(0o600)
        mount = self.prepare("--password-file", secret)
        self.refused(mount, "refused the login")
        self.assertEqual(len(re.findall(r"C: \S+ (?:AUTHENTICATE|LOGIN)", mount.traced())), 1, mount.traced())

    def token_file(self, token):
        path = self.place / "token"
        path.write_text(token + "\n")
        return path

    def test_by_token(self):
        token = self.server.token("oauth")
        path = self.token_file(token)
        for options, name in (((), "OAUTHBEARER"), (("--auth", "XOAUTH2"), "XOAUTH2")):
            mount = self.mount("--token-command", "cat '%s'" % path, *options, source=self.source("oauth"))
            self.assert_mechanism(mount, name)
            self.assert_discreet(mount, token)

    def test_an_expired_token_is_fetched_anew_once(self):
        good, expired = self.server.token("oauth"), self.server.token("oauth", -60)
        path = self.token_file(good)
        calls = self.place / "calls"
        # The first call prints the expired one.
        command = "echo x >>'%s'; test $(wc -l <'%s') -gt 1 && cat '%s' || echo %s" % (calls, calls, path, expired)
        mount = self.mount("--token-command", command, source=self.source("oauth"))
        self.assert_mechanism(mount, "OAUTHBEARER")
        self.assertEqual(calls.read_text(), "x\nx\n")
        self.assert_discreet(mount, good, expired)

    def test_a_wrong_token_is_refused_in_one_line(self):
        token = self.server.token("oauth", -60)
        for options, reason in (((), "invalid_token"), (("--auth", "XOAUTH2"), "401")):
            command = "cat '%s'" % self.token_file(token)
            mount = self.prepare("--token-command", command, *options, source=self.source("oauth"))
            line = self.refused(mount, "refused the login", reason)
            self.assertNotIn(token, line)

    def test_a_token_command_that_fails(self):
        mount = self.prepare("--token-command", "exit 3", source=self.source("oauth"))
        self.refused(mount, "the token command failed with exit code 3")
        mount = self.prepare("--token-command", "echo two words", source=self.source("oauth"))
        self.assertNotIn("two words", self.refused(mount, "no bearer token"))

    def test_by_client_certificate(self):
        server = self.server
        options = ("--client-cert", server.client_cert, "--client-key")
        mount = self.mount(*options, server.client_key, source=self.source("cert"))
        self.assert_mechanism(mount, "EXTERNAL")
        key = self.place / "key"
        key.write_bytes(open(server.client_key, "rb").read())
        key.chmod(0o640)
        self.refused(self.prepare(*options, key, source=self.source("cert")), "chmod 600")

    def test_pinned_key(self):
        certificate = run("openssl", "x509", "-in", self.server.directory / "tls/server.pem", "-noout", "-pubkey")
        der = base64.b64decode("".join(certificate.stdout.splitlines()[1:-1]))
        pin = "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()
        other = "sha256//" + base64.b64encode(bytes(32)).decode()
        nobody = self.place / "nobody.pem"
        nobody.write_bytes(self.other_authority())
        self.refused(self.prepare("--ca-file", nobody), "not trusted")
        self.mount("--ca-file", nobody, "--tls-pin", other + ";" + pin)
        self.refused(self.prepare("--tls-pin", other), "not the pinned one", pin)

    def other_authority(self):
        place = self.place / "other"
        done = run(harness.TESTS / "servers/certificates", place, "good")
        self.assertEqual(done.returncode, 0, done.stderr)
        return (place / "ca.pem").read_bytes()


if __name__ == "__main__":
    harness.main()
