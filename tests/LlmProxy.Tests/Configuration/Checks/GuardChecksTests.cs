namespace LlmProxy.Tests.Configuration.Checks;

public sealed class GuardChecksTests
{
    [Fact]
    public void Mistakes_InGuards_AreAllToldAtOnce()
    {
        var loaded = OperatorFolder.LoadFile("""
            { "Guards": { "Redact": ["emails", "email", "cards:hide", "iban:1", "iban", "emails:block", "broken"],
                          "Patterns": { "broken": "(", "ahead": "(?=x)y", "empty": "x*", "ip": "x", "no space": "x" },
                          "Webhook": { "Url": "guard:1", "TimeoutMs": 0, "On": "sometimes", "OnFailure": "perhaps", "Headers": { "X Y": "a" } } } }
            """);

        foreach (string part in new[]
        {
            "Guards:Redact: there is no detector \"email\"; there are api_keys, cards, emails",
            "Guards:Redact: \"cards:hide\": behind the colon stands what is done: mask, block or log",
            "Guards:Redact: \"iban:1\": behind the colon",
            "Guards:Redact: \"emails\" is named twice",
            "Guards:Patterns:broken: is no regular expression",
            "Guards:Patterns:ahead: uses what the gateway's linear-time engine does not know",
            "Guards:Patterns:empty: matches the empty text",
            "Guards:Patterns:ip: the gateway has a detector of that name",
            "Guards:Patterns:no space: a pattern's name is",
            "Guards:Webhook:Url: must be a whole address",
            "Guards:Webhook:TimeoutMs: \"0\" is below the least",
            "Guards:Webhook:On: \"sometimes\"",
            "Guards:Webhook:OnFailure: \"perhaps\"",
            "Guards:Webhook:Headers:X Y: is no header",
        })
        {
            loaded.HasMistake(part);
        }
    }

    [Theory]
    [InlineData("\"Patterns\": { \"badge\": \"B-[0-9]+\" }", "Guards:Patterns:badge: is not named in Guards:Redact")]
    [InlineData("\"Webhook\": { \"On\": \"both\" }", "Guards:Webhook: has no Url")]
    public void Settings_ThatDoNothing_AreWarnedOf(string rest, string part) =>
        Assert.Contains(part, Assert.Single(OperatorFolder.LoadFile($$"""{ "Guards": { {{rest}} } }""").WithoutMistakes().Warnings), StringComparison.Ordinal);
}
