using LlmProxy.Storage;

namespace LlmProxy.Tests.Storage;

/// <summary>One text for a moment, however it is written.</summary>
public sealed class UtcMomentsTests
{
    [Theory]
    [InlineData("0001-01-01T00:00:00.0000000Z")]
    [InlineData("2026-03-04T05:06:07.8901239Z")]
    [InlineData("2028-02-29T23:59:59.9999999Z")]
    [InlineData("9999-12-31T23:59:59.9999999Z")]
    public void Bytes_SayWhatTheTextSays(string moment)
    {
        DateTimeOffset value = DateTimeOffset.Parse(moment, System.Globalization.CultureInfo.InvariantCulture);
        byte[] bytes = new byte[UtcMoments.TextBytes];

        UtcMoments.Write(value.UtcTicks, bytes);

        Assert.Equal(UtcMoments.Text(value), System.Text.Encoding.UTF8.GetString(bytes));
    }
}
