using System.Text;
using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Wire;

public sealed class JsonScannerTests
{
    private const string Sample = """
        { "a" : "x\"\\\/\b\f\n\r\t\u00e4é😀", "b":[1,-0,0.5,1e9,-2.25E-3,[],{},[[{"q":null}]]] ,"c":{"d":{"e":true,"f":false}}, "\u0061":null }
        """;

    [Fact]
    public void Read_Sample_FindsMembersWhereTheyStand()
    {
        byte[] json = Encoding.UTF8.GetBytes(Sample);
        var members = new JsonMembers();
        members.Read(json);

        Assert.Equal(4, members.Count);
        Assert.Equal([JsonTokenType.String, JsonTokenType.StartArray, JsonTokenType.StartObject, JsonTokenType.Null], Enumerable.Range(0, 4).Select(i => members[i].Kind));
        Assert.Equal("{\"d\":{\"e\":true,\"f\":false}}", Encoding.UTF8.GetString(members[2].Value(json)));
        Assert.Equal(0, members.Find(json, "a"u8));
        Assert.Equal(3, members.Find(json, "a"u8, from: 1));
    }

    /// <summary>What the framework's reader takes or refuses, ours takes or refuses, one changed byte at a time.</summary>
    [Fact]
    public void Read_AnyMutation_AgreesWithTheFramework()
    {
        byte[] original = Encoding.UTF8.GetBytes(Sample);
        byte[] interesting = "{}[]\",:\\ \n\t0-+.eEtfnu/ax\0\u001f"u8.ToArray();
        var random = new Random(5);
        int refused = 0;
        for (int round = 0; round < 60_000; round++)
        {
            byte[] json = [.. original];
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                int at = random.Next(json.Length);
                switch (random.Next(3))
                {
                    case 0:
                        json[at] = interesting[random.Next(interesting.Length)];
                        break;
                    case 1:
                        json = [.. json[..at], interesting[random.Next(interesting.Length)], .. json[at..]];
                        break;
                    default:
                        json = [.. json[..at], .. json[(at + 1)..]];
                        break;
                }
            }

            bool isFine = IsFineToTheFramework(json);
            refused += isFine ? 0 : 1;
            Assert.True(isFine == IsFine(json), Encoding.UTF8.GetString(json));
        }

        Assert.InRange(refused, 10_000, 59_000);
    }

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    [InlineData(10_000, false)]
    public void Read_DeepNesting_HasItsLimit(int levels, bool isFine)
    {
        byte[] json = Encoding.UTF8.GetBytes("{\"a\":" + new string('[', levels) + new string(']', levels) + "}");

        Assert.Equal(isFine, IsFine(json));
        Assert.Equal(isFine, IsFineToTheFramework(json));
    }

    [Fact]
    public void Read_Broken_SaysWhere()
    {
        JsonException broken = Assert.Throws<JsonException>(() => new JsonMembers().Read("{\n \"a\": tru }"u8));

        Assert.Equal(1, broken.LineNumber);
        Assert.Equal(6, broken.BytePositionInLine);
    }

    private static bool IsFine(byte[] json)
    {
        try
        {
            new JsonMembers().Read(json);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool IsFineToTheFramework(byte[] json)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonMembers.MaxDepth });
            bool isObject = reader.Read() && reader.TokenType == JsonTokenType.StartObject;
            while (reader.Read())
            {
            }

            return isObject;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
