import torch
from torch import nn

torch.manual_seed(0)
actor, critic = nn.Linear(3, 1), nn.Linear(4, 1)
opt_actor, opt_critic = torch.optim.Adam(actor.parameters(), 1e-3), torch.optim.Adam(critic.parameters(), 1e-3)
for i in range(15):
    s, target = torch.randn(8, 3), torch.randn(8, 1)
    q = critic(torch.cat([s, actor(s).detach()], 1))
    opt_critic.zero_grad()
    (q - target).pow(2).mean().backward()
    opt_critic.step()
    opt_actor.zero_grad()
    (-critic(torch.cat([s, actor(s)], 1)).mean()).backward()
    opt_actor.step()
