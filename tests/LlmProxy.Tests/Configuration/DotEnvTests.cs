using LlmProxy.Configuration;

namespace LlmProxy.Tests.Configuration;

public sealed class DotEnvTests
{
    [Theory]
    [InlineData("A=b", "b")]
    [InlineData("A = b ", "b")]
    [InlineData("export A=b", "b")]
    [InlineData("export\tA=b", "b")]
    [InlineData("  A=b", "b")]
    [InlineData("A=", "")]
    [InlineData("A=   ", "")]
    [InlineData("A", null)]
    [InlineData("# A=b", null)]
    [InlineData("A=b # comment", "b")]
    [InlineData("A=b#c", "b#c")]
    [InlineData("A=#c", "#c")]
    [InlineData("A= # comment", "")]
    [InlineData("A=b=c==", "b=c==")]
    [InlineData("A=two words", "two words")]
    [InlineData("A=$HOME/${B}", "$HOME/${B}")]
    [InlineData("A=C:\\temp\\new", "C:\\temp\\new")]
    [InlineData("A='b # c'", "b # c")]
    [InlineData("A='b\\n'", "b\\n")]
    [InlineData("A=\"b # c\" # comment", "b # c")]
    [InlineData("A=\"b\\nc\\t\\\"d\\\" \\\\ \\$e \\x \\u00e9\"", "b\nc\t\"d\" \\ $e \\x é")]
    [InlineData("A=\"$HOME\"", "$HOME")]
    [InlineData("A=\"first\nsecond\"", "first\nsecond")]
    [InlineData("A='first\r\nsecond'\r\n", "first\nsecond")]
    [InlineData("A=\"\"", "")]
    [InlineData("A={\"x\": \"a # b\", \"y\": [1, 2]}", "{\"x\": \"a # b\", \"y\": [1, 2]}")]
    [InlineData("A={\"x\": 1} # comment", "{\"x\": 1}")]
    [InlineData("A={\n  \"x\": 1\n}\nB=2", "{\n  \"x\": 1\n}")]
    [InlineData("A='{\"x\": \"é\"}'", "{\"x\": \"é\"}")]
    [InlineData("A={not json} # comment", "{not json}")]
    [InlineData("A=[1] and more", "[1] and more")]
    [InlineData("A=b\r\n", "b")]
    [InlineData("\uFEFFA=b", "b")]
    [InlineData("A=b\nA=c", "c")]
    [InlineData("A=\"b\"c", "b")]
    [InlineData("A=\"never closed", null)]
    [InlineData("exportA=b", null)]
    public void Parse_Line_GivesItsValue(string text, string? expected) =>
        Assert.Equal(expected, new DotEnvParser(text, ".env").Parse().GetValueOrDefault("A"));

    [Fact]
    public void Parse_WholeFile_GoesOnBehindWhatItCannotRead()
    {
        var parser = new DotEnvParser("# keys\r\n\r\nA=1\r\nnonsense secret\r\n1B=2\r\nC=\"open secret\r\nD='x'y\r\n E=5", "/app/.env");

        Dictionary<string, string> values = parser.Parse();

        Assert.Equal("A=1 D=x E=5", string.Join(' ', values.OrderBy(value => value.Key, StringComparer.Ordinal).Select(value => $"{value.Key}={value.Value}")));
        Assert.Equal(
            [
                "/app/.env, line 4: is not of the form NAME=value and is left out",
                "/app/.env, line 5: is not of the form NAME=value and is left out",
                "/app/.env, line 6: opens a quote that is never closed and is left out",
                "/app/.env, line 7: goes on behind its closing quote; what follows is left out",
            ],
            parser.Warnings);
    }

    [Fact]
    public void Read_WithoutAFile_FindsNothing()
    {
        using var folder = new OperatorFolder();

        Assert.Null(DotEnv.Read(folder.PathOf(""), null));
        Assert.Null(DotEnv.Read(folder.PathOf(""), ""));
    }

    [Fact]
    public void Read_FindsTheDefaultTheNamedOrNone()
    {
        using var folder = new OperatorFolder();
        folder.Write(".env", "A=default");
        folder.Write("other.env", "A=other");

        Assert.Equal("default", DotEnv.Read(folder.PathOf(""), null)!.Values["A"]);
        Assert.Equal("other", DotEnv.Read(folder.PathOf(""), "other.env")!.Values["A"]);
        Assert.Null(DotEnv.Read(folder.PathOf(""), "None"));
    }

    [Fact]
    public void Read_NamedFileThatIsNotThere_IsAMistakeOfTheLoad()
    {
        using var folder = new OperatorFolder();
        folder.EnvFile = DotEnv.Read(folder.PathOf(""), "missing.env");

        Assert.Equal($"LLMPROXY_ENV_FILE: the file {folder.PathOf("missing.env")} does not exist", Assert.Single(folder.Load().Mistakes));
    }

    [Fact]
    public void Load_IntoTheProcess_LeavesWhatIsThere()
    {
        string already = $"LLMTEST_{Guid.NewGuid():N}";
        string missing = $"LLMTEST_{Guid.NewGuid():N}";
        using var folder = new OperatorFolder();
        folder.Write(".env", $"{already}=file\n{missing}=file\nbroken");
        Environment.SetEnvironmentVariable(already, "real");
        try
        {
            DotEnvFile file = DotEnv.Load(folder.PathOf(""))!;

            Assert.Equal(("real", "file"), (Environment.GetEnvironmentVariable(already), Environment.GetEnvironmentVariable(missing)));
            Assert.Equal([missing], file.Values.Keys);
            Assert.Single(file.Warnings);
        }
        finally
        {
            Environment.SetEnvironmentVariable(already, null);
            Environment.SetEnvironmentVariable(missing, null);
        }
    }
}
