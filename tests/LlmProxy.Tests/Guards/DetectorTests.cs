using LlmProxy.Configuration.Options;
using LlmProxy.Guards;
using LlmProxy.Guards.Detectors;

namespace LlmProxy.Tests.Guards;

public sealed class DetectorTests
{
    private static readonly Dictionary<string, Detector> ByName = RedactionRules
        .Compile(new GuardsOptions { Redact = [.. RedactionRules.Names.Select(name => name + ":block")] })
        .All.ToDictionary(rule => rule.Detector.Name, rule => rule.Detector);

    [Theory]
    [InlineData("Write to jane.doe+x@example.co.uk, please.", "jane.doe+x@example.co.uk")]
    [InlineData("<jane@example.com>", "jane@example.com")]
    [InlineData("mail: 'o.neil@example.com'.", "o.neil@example.com")]
    [InlineData("https://user:secret@db.example.com/x", "secret@db.example.com")]
    [InlineData("ÜBER jörg@bücher.example", "jörg@bücher.example")]
    [InlineData("a@b a2@c3.de", "a2@c3.de")]
    [InlineData("@Override void f() { x @ y; } // left-pad@1.2.3, logo@2x.png, git@github.com:o/r.git", null)]
    [InlineData("user@host, @user, a@b.c1, a@.com, @example.com", null)]
    public void Emails_Text_AreFoundAsTheyStand(string text, string? found) => AssertFound("emails", text, found);

    [Theory]
    [InlineData("Card 4111 1111 1111 1111, exp 12/27", "4111 1111 1111 1111")]
    [InlineData("4111-1111-1111-1111 123", "4111-1111-1111-1111")]
    [InlineData("5555555555554444", "5555555555554444")]
    [InlineData("amex:378282246310005;", "378282246310005")]
    [InlineData("4111111111111112", null)] // The check digit is wrong.
    [InlineData("1234567812345670", null)] // Right digit, nobody's card.
    [InlineData("order 94111111111111111", null)] // Seventeen digits.
    [InlineData("id_a4111111111111111b", null)]
    [InlineData("411111111111", null)]
    public void Cards_Text_NeedIssuerAndCheckDigit(string text, string? found) => AssertFound("cards", text, found);

    [Theory]
    [InlineData("IBAN: DE89 3704 0044 0532 0130 00.", "DE89 3704 0044 0532 0130 00")]
    [InlineData("GB82WEST12345698765432", "GB82WEST12345698765432")]
    [InlineData("fr1420041010050500013m02606!", "fr1420041010050500013m02606")]
    [InlineData("DE88 3704 0044 0532 0130 00", null)] // The check digits are wrong.
    [InlineData("XX89 3704 0044 0532 0130 00", null)]
    [InlineData("DE89 3704 0044 0532 0130 0", null)]
    [InlineData("ADE89370400440532013000", null)]
    public void Iban_Text_NeedsCountryLengthAndCheckDigits(string text, string? found) => AssertFound("iban", text, found);

    [Theory]
    [InlineData("Call +49 30 1234567 now", "+49 30 1234567")]
    [InlineData("tel:+1(415)555-2671", "+1(415)555-2671")]
    [InlineData("(415) 555-2671.", "(415) 555-2671")]
    [InlineData("415-555-2671", "415-555-2671")]
    [InlineData("415.555.2671", "415.555.2671")]
    [InlineData("2024-11-21, 1+1=2, 123-456-7890, 192.168.100.200, 20241022", null)]
    [InlineData("claude-3-5-sonnet-20241022 415-555-26712", null)]
    public void Phone_Text_NeedsItsForm(string text, string? found) => AssertFound("phone", text, found);

    [Theory]
    [InlineData("from 10.1.2.3.", "10.1.2.3")]
    [InlineData("http://203.0.113.7:8080/", "203.0.113.7")]
    [InlineData("at 2001:db8::8a2e:370:7334, yes", "2001:db8::8a2e:370:7334")]
    [InlineData("127.0.0.1 ::1 0.0.0.0 1.2.3 1.2.3.4.5 256.1.1.1 01.2.3.4 std::vector a::b 10:20:30", null)]
    public void Ip_Text_IsAWholeAddress(string text, string? found) => AssertFound("ip", text, found);

    [Theory]
    [InlineData("SSN 123-45-6789!", "123-45-6789")]
    [InlineData("000-12-3456 666-12-3456 912-34-5678 123-00-4567 123-45-0000 1123-45-6789 123-45-67890 123-45-6789-1", null)]
    public void Ssn_Text_IsOneThatIsGivenOut(string text, string? found) => AssertFound("ssn", text, found);

    [Theory]
    [InlineData("key=sk-proj-abcDEF1234567890abcDEF", "sk-proj-abcDEF1234567890abcDEF")]
    [InlineData("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE")]
    [InlineData("\"ghp_0123456789abcdefghijABCDEFGHIJ012345\"", "ghp_0123456789abcdefghijABCDEFGHIJ012345")]
    [InlineData("sk-learn-is-a-library-for-machines, sk-1, risk-0123456789012345678901", null)]
    public void ApiKeys_Text_NeedTheirMakersMark(string text, string? found) => AssertFound("api_keys", text, found);

    [Theory]
    [InlineData("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1gFWFOEjXk.", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1gFWFOEjXk")]
    [InlineData("Authorization: Bearer abcdef0123456789abcdef", "abcdef0123456789abcdef")]
    [InlineData("the bearer of this letter, bearer short1, eyJust a word", null)]
    public void Tokens_Text_AreWebTokensAndBearers(string text, string? found) => AssertFound("tokens", text, found);

    [Theory]
    [InlineData("x -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- y", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nMIIE cut", "-----BEGIN PRIVATE KEY-----\nMIIE cut")]
    [InlineData("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", null)]
    public void PrivateKeys_Text_AreFoundWhole(string text, string? found) => AssertFound("private_keys", text, found);

    [Theory]
    [InlineData("/sk-abcdefghijklmnopqrstuvwxyz")]
    [InlineData("-eyJabcdefgh")]
    [InlineData("-----BEGIN X")]
    [InlineData("a@b.c")]
    [InlineData("+1 (")]
    [InlineData("4111 ")]
    [InlineData("DE89")]
    [InlineData("1.")]
    [InlineData("[EMAIL_")]
    [InlineData("bearer ")]
    public void Detectors_LongTextMadeToKeepThemBusy_LookThroughItOnce(string piece)
    {
        string text = string.Concat(Enumerable.Repeat(piece, 500_000 / piece.Length)); // A minute, where each mark looks at all that follows.
        foreach (Detector detector in ByName.Values.Append(new LiteralDetector(["EMAIL"])))
        {
            int from = 0;
            while (detector.TryFind(text, from, out int start, out int length))
            {
                from = start + length;
            }
        }
    }

    [Fact]
    public void Detectors_AnyText_EndAndStayInside()
    {
        var random = new Random(7);
        const string letters = "0123456789+-. @()[]:/_aAeyJbDE8skBearer\n";
        for (int round = 0; round < 3000; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(60)).Select(_ => letters[random.Next(letters.Length)]));
            foreach (Detector detector in ByName.Values)
            {
                int from = 0;
                while (detector.TryFind(text, from, out int start, out int length))
                {
                    Assert.True(start >= from && length > 0 && start + length <= text.Length, $"{detector.Name} in {text}");
                    from = start + length;
                }
            }
        }
    }

    private static void AssertFound(string name, string text, string? expected)
    {
        bool isFound = ByName[name].TryFind(text, 0, out int start, out int length);

        Assert.Equal(expected, isFound ? text.Substring(start, length) : null);
    }
}
